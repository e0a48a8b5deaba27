// What is too wide scrolls in its own box. While it does, the keyboard can reach it, and a screen reader says what it is.
const BOXES = {
  "div.math": "Formula",
  ".pst-scrollable-table-container": "Table",
  ".cell_output > .output": "Output",
  ".output pre": "Output",
  "pre": "Code",
};

const SELECTORS = Object.keys(BOXES);

// A formula has its width only when it is near the screen.
const LATER = "div.math .katex-html";

function mark({ target }) {
  const box = target.closest(SELECTORS.join());
  if (box.scrollWidth > box.clientWidth) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", BOXES[SELECTORS.find((selector) => box.matches(selector))]);
  } else {
    ["tabindex", "role", "aria-label"].forEach((name) => box.removeAttribute(name));
  }
}

// Called for each box at first, and when its size changes: with the window, or because what it stands in is opened.
const observer = new ResizeObserver((entries) => entries.forEach(mark));

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll([...SELECTORS, LATER].join()).forEach((box) => observer.observe(box));
});

// The button that copies loses the focus to a field that it copies from, and that is gone then.
document.addEventListener("click", ({ target }) => target.closest(".copybtn")?.focus());
