// A formula that is too wide scrolls in its own box, which must then be within reach of the keyboard.
const reach = new ResizeObserver((entries) => {
  for (const { target } of entries) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
});

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("div.math").forEach((formula) => reach.observe(formula));

  // A formula is there twice. What the search shows of a page has it once.
  if (typeof Search !== "undefined") {
    const { htmlToText } = Search;
    Search.htmlToText = (html, anchor) =>
      htmlToText(html.replace(/<span class="katex-mathml">.*?<\/math><\/span>/gs, ""), anchor);
  }
});
