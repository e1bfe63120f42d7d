// The partition map, with moves as they run.

import { byId, element, row, setChildren, setClass, setText } from "./dom.js";
import { age } from "./format.js";

const COORDINATOR = {
  none: "of cluster.toml",
  away: "the coordinator can't be reached",
  replaying: "the coordinator's maps are being read",
  live: "",
};
const PHASES = { begun: "moves to", committed: "has moved to", undoing: "move undone, not to" };

/** Shows the map; `choose` is called with the instrument that is clicked. */
export function showMap(map, chosen, nowMs, choose) {
  const moves = map.partitions.filter((partition) => partition.moving).length;
  const epoch = map.epoch ? `epoch ${map.epoch}` : "";
  const moving = moves ? `${moves} moving` : "";
  setText(byId("map-state"), [epoch, moving, COORDINATOR[map.coordinator]].filter(Boolean).join(", "));
  setClass(byId("map-state"), map.coordinator === "away" ? "state warning" : "state");
  setChildren(
    document.querySelector("#map tbody"),
    map.partitions,
    (partition) => partition.instrument,
    (partition) => {
      const made = row(["", "", "", ""]);
      const button = element("button", "name", "", { type: "button" });
      button.addEventListener("click", () => choose(partition.instrument));
      made.cells[0].append(button);
      return made;
    },
    (line, partition) => {
      const button = line.cells[0].firstElementChild;
      setText(button, partition.symbol);
      button.setAttribute("aria-pressed", String(partition.instrument === chosen));
      setText(line.cells[1], partition.instrument_type.toLowerCase());
      setText(line.cells[2], partition.cluster);
      setText(line.cells[3], stateText(partition, nowMs));
      setClass(line.cells[3], partition.moving ? "moving" : partition.is_halted ? "warning" : "");
    },
  );
}

function stateText({ moving, is_halted: isHalted }, nowMs) {
  const halted = isHalted ? "halted" : "trading";
  if (!moving) return halted;
  return `${PHASES[moving.phase]} ${moving.to}, ${age(nowMs - moving.since_ms)}`;
}

/** Puts the instruments of the map into the list of books. */
export function listInstruments(map, chosen) {
  const list = byId("instrument");
  setChildren(
    list,
    map.partitions,
    (partition) => partition.instrument,
    (partition) => element("option", "", "", { value: String(partition.instrument) }),
    (option, partition) => setText(option, partition.symbol),
  );
  if (chosen !== null && list.value !== String(chosen)) list.value = String(chosen);
}
