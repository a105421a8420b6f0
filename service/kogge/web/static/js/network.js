// The network: what has the pointer or the focus is lit together with all that it is connected to.
const net = document.querySelector(".net");
const lines = net ? [...net.querySelectorAll("[data-one]")] : [];

function light(node) {
  const number = node?.dataset.node;
  const near = new Set(number ? [number] : []);
  for (const line of lines) {
    const lit = number !== undefined && (line.dataset.one === number || line.dataset.two === number);
    line.classList.toggle("lit", lit);
    if (lit) near.add(line.dataset.one).add(line.dataset.two);
  }
  for (const each of net.querySelectorAll("[data-node]")) each.classList.toggle("lit", near.has(each.dataset.node));
  net.classList.toggle("net--lit", number !== undefined);
}

for (const name of ["pointerover", "focusin"]) net?.addEventListener(name, (event) => light(event.target.closest("[data-node]")));
for (const name of ["pointerleave", "focusout"]) net?.addEventListener(name, () => light(null));
