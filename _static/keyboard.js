// What is too wide scrolls in its own box. While it does, the keyboard can reach it, and a screen reader says what it is.
const BOXES = {
  "div.math": "Formula",
  ".pst-scrollable-table-container": "Table",
  ".cell_output > .output": "Output",
  ".output pre": "Output",
  "pre": "Code",
};

function mark({ target }) {
  if (target.scrollWidth > target.clientWidth) {
    target.tabIndex = 0;
    target.setAttribute("role", "group");
    target.setAttribute("aria-label", BOXES[Object.keys(BOXES).find((selector) => target.matches(selector))]);
  } else {
    ["tabindex", "role", "aria-label"].forEach((name) => target.removeAttribute(name));
  }
}

// Called for each box at first, and when its size changes: with the window, or because what it stands in is opened.
const observer = new ResizeObserver((entries) => entries.forEach(mark));

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(Object.keys(BOXES).join()).forEach((box) => observer.observe(box));
});

// The button that copies loses the focus to a field that it copies from, and that is gone then.
document.addEventListener("click", ({ target }) => target.closest(".copybtn")?.focus());
