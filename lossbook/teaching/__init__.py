"""What only the notebooks need: plotting, checks, exercises, data, training, metrics.

Not part of the package's interface; it may change with the chapters. Importing it limits PyTorch to one thread: the
networks of the book are so small that threads only wait for each other, and results do not depend on their number.
"""

import torch

torch.set_num_threads(1)
