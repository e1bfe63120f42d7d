// Elements of the page: made once, changed only where something has changed, so that focus and selection stay.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** An element with classes, text, and attributes. */
export function element(tag, classes = "", text = "", attributes = {}) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Sets the text of an element, if it is another one. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets the classes of an element, if they are others. */
export function setClass(target, classes) {
  if (target.className !== classes) target.className = classes;
}

/** Sets the tooltip of an element, if it is another one. */
export function setTitle(target, title) {
  if (target.title !== title) target.title = title;
}

/**
 * Makes the children of `parent` one for each of `items`, in their order. A child is known by the key of its item: `make` makes
 * it, and `update` puts the item into it.
 */
export function setChildren(parent, items, keyOf, make, update) {
  const known = new Map();
  for (const child of parent.children) known.set(child.dataset.key, child);
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = known.get(key);
    if (child) {
      known.delete(key);
    } else {
      child = make(item);
      child.dataset.key = key;
    }
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(child, place);
    }
    update(child, item);
  }
  for (const child of known.values()) child.remove();
}

/** A row with a cell for each of these classes. */
export function row(cellClasses, classes = "") {
  const made = element("tr", classes);
  for (const of of cellClasses) made.append(element("td", of));
  return made;
}
