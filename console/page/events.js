// The events, newest first, with filters.

import { byId, row, setChildren, setText, setTitle } from "./dom.js";
import { dateTime, time } from "./format.js";

const MAXIMUM_EVENTS = 500;
const LEVELS = ["info", "warning", "alarm"];

export class Events {
  #events = [];

  constructor() {
    for (const id of ["event-level", "event-topic", "event-text"]) {
      byId(id).addEventListener("input", () => this.show());
    }
  }

  /** Takes new events. The number of the first tells whether the console was started again. */
  add(events) {
    const last = this.#events.at(-1)?.number ?? -1;
    if (events.length && events[0].number === 0) this.#events = [];
    this.#events.push(...events.filter((event) => event.number > last || events[0].number === 0));
    this.#events.splice(0, Math.max(0, this.#events.length - MAXIMUM_EVENTS));
    this.show();
  }

  /** Shows those that the filters let through. */
  show() {
    const least = LEVELS.indexOf(byId("event-level").value);
    const topic = byId("event-topic").value;
    const wanted = byId("event-text").value.trim().toLowerCase();
    const passes = (event) =>
      LEVELS.indexOf(event.level) >= least &&
      (!topic || event.topic === topic) &&
      (!wanted || `${event.cluster ?? ""} ${event.text}`.toLowerCase().includes(wanted));
    const shown = this.#events.filter(passes).reverse();
    const all = this.#events.length;
    setText(byId("events-count"), shown.length === all ? "" : `${shown.length} of ${all}`);
    setChildren(
      document.querySelector("#events tbody"),
      shown,
      (event) => event.number,
      (event) => row(["time", "where", "what"], event.level),
      (line, event) => {
        setText(line.cells[0], time(event.at_ms));
        setTitle(line.cells[0], `${dateTime(event.at_ms)} UTC`);
        setText(line.cells[1], event.cluster ?? "");
        setText(line.cells[2], event.text);
      },
    );
  }

  /** The next level of events. */
  nextLevel() {
    const list = byId("event-level");
    list.selectedIndex = (list.selectedIndex + 1) % list.options.length;
    this.show();
  }
}
