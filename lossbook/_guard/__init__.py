"""What `lossbook.guard` knows: what each loss of `torch.nn` expects of its arguments, one small function a rule.

`call.py` has the terms in which rules are written, `evidence.py` the tests by which they tell scores from
probabilities, `form.py` the rules for types, shapes, indices and weights, `meaning.py` those for what values mean.
"""

from lossbook._guard import form, meaning  # noqa: F401  (their rules register themselves, in this order)
from lossbook._guard.call import RULES, Call
from lossbook._guard.form import LOSSES

__all__ = ["LOSSES", "RULES", "Call"]
