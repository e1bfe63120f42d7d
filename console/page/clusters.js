// The clusters with their members, and the figures of the cluster that is chosen.

import { byId, element, row, setChildren, setClass, setText, setTitle } from "./dom.js";
import { age, bytes, count, dateTime, micros, rate, text } from "./format.js";

const CELLS = ["", "", "n", "n wide", "n", "hash", "n wide", "n wide", "n wide", "n wide", "n wide", "n"];
const LOW_DISK = 0.1;
// Rows and bodies that stay what they are.
const HEAD = "head";
const TITLE = "title";

/** Shows all clusters; `choose` is called with the number of one that is clicked. */
export function showClusters(clusters, chosen, nowMs, choose) {
  const table = document.querySelector("#clusters table");
  table.tHead.dataset.key = HEAD;
  setChildren(
    table,
    [HEAD, ...clusters],
    (item) => (item === HEAD ? HEAD : `cluster ${item.id}`),
    (cluster) => makeCluster(cluster, choose),
    (body, cluster) => {
      if (cluster !== HEAD) updateCluster(body, cluster, chosen, nowMs);
    },
  );
}

function makeCluster(cluster, choose) {
  const body = element("tbody");
  const line = element("tr", "cluster");
  const name = element("th", "", "", { scope: "rowgroup", colspan: "12" });
  const button = element("button", "name", "", { type: "button" });
  button.addEventListener("click", () => choose(cluster.id));
  name.append(button, element("span", "health"), element("span", "summary"));
  line.append(name);
  line.dataset.key = TITLE;
  body.append(line);
  return body;
}

function updateCluster(body, cluster, chosen, nowMs) {
  const [button, health, summary] = body.rows[0].cells[0].children;
  setText(button, cluster.name);
  button.setAttribute("aria-pressed", String(cluster.id === chosen));
  setClass(health, `health ${cluster.health.level}`);
  setText(health, cluster.health.text);
  const { rates } = cluster;
  const traded = rates.commands === null ? `${bytes(rates.log)}/s of log` : `${rate(rates.commands)} commands/s`;
  const answer = rates.answer ? `, answers ${micros(rates.answer.p50_us)} / ${micros(rates.answer.p99_us)}` : "";
  setText(summary, cluster.leader === null ? traded : `member ${cluster.leader} leads in term ${text(cluster.term)}, ${traded}${answer}`);
  setChildren(
    body,
    [TITLE, ...cluster.members],
    (item) => (item === TITLE ? TITLE : `member ${item.id}`),
    () => row(CELLS, "member"),
    (line, member) => {
      if (member !== TITLE) updateMember(line, member, cluster, nowMs);
    },
  );
}

function updateMember(line, member, cluster, nowMs) {
  const away = member.role === "down" || member.role === "fenced";
  setClass(line, `member ${member.role}`);
  const cells = line.cells;
  setText(cells[0], `${member.id}`);
  setTitle(cells[0], member.is_here ? "on this host" : "on another host");
  setText(cells[1], member.has_joined || away || member.role === "starting" ? member.role : `${member.role}, joins`);
  setTitle(cells[1], member.fenced ?? "");
  setText(cells[2], text(member.term));
  setText(cells[3], count(member.position));
  setText(cells[4], bytes(member.lag));
  setText(cells[5], stateText(member));
  setClass(cells[5], `hash ${member.agreement}`);
  setTitle(cells[5], member.state_hash ? `${member.state_hash} at log position ${count(member.state_hash_position)}` : "");
  setText(cells[6], count(member.sessions));
  setText(cells[7], count(member.elections));
  setText(cells[8], micros(member.clock_us));
  setClass(cells[8], member.clock_differs ? "n wide warning" : "n wide");
  setText(cells[9], bytes(member.disk_used));
  setText(cells[10], bytes(member.disk_free));
  const isLow = member.disk_size > 0 && member.disk_free / member.disk_size < LOW_DISK;
  setClass(cells[10], isLow ? "n wide warning" : "n wide");
  setTitle(cells[10], member.disk_size ? `of ${bytes(member.disk_size)}` : "");
  setText(cells[11], member.snapshot ? age(nowMs - member.snapshot.at_ms) : text(null));
  const late = cluster.snapshot_interval_s > 0 && member.snapshot && nowMs - member.snapshot.at_ms > 2000 * cluster.snapshot_interval_s;
  setClass(cells[11], late ? "n warning" : "n");
  setTitle(cells[11], snapshotTitle(member));
}

function stateText(member) {
  if (member.agreement === "differ") return "DIFFERS";
  return member.state_hash ? member.state_hash.slice(0, 8) : text(null);
}

function snapshotTitle(member) {
  if (!member.snapshot) return "";
  const place = `${dateTime(member.snapshot.at_ms)} UTC, log position ${count(member.snapshot.position)}`;
  return member.snapshot_bytes === null ? place : `${place}; ${bytes(member.snapshot_bytes)}, stood still ${micros(member.snapshot_us)}`;
}

/** Shows the figures of a cluster. */
export function showFigures(cluster) {
  setText(byId("numbers-cluster"), cluster.name);
  const { rates, limits } = cluster;
  const times = (found) => (found ? [micros(found.p50_us), micros(found.p99_us), micros(found.p999_us)] : [text(null)]);
  const figures = [
    ["commands", `${rate(rates.commands)} /s`, ""],
    ["rejects", `${rate(rates.rejects)} /s`, ""],
    ["fills", `${rate(rates.fills)} /s`, "A trade has two of them."],
    ["events", `${rate(rates.events)} /s`, "Told to participants."],
    ["log", `${bytes(rates.log)}/s`, ""],
    ["answer p50 · p99 · p99.9", times(rates.answer).join(" · "), "From the log time of a command to its answers, of one in 64 commands, over 10 s."],
    ["engine p50 · p99", times(rates.engine).slice(0, 2).join(" · "), "Time in the engine, of the same commands."],
    ["orders", limits ? `${count(limits.orders.used)} of ${bytes(limits.orders.limit).replace(/ ?B$/, "")}` : text(null), "Live orders, and their limit."],
  ];
  setChildren(
    byId("figures"),
    figures,
    ([name]) => name,
    ([name, , title]) => {
      const made = element("div");
      made.append(element("dt", "", name), element("dd", "number"));
      made.title = title;
      return made;
    },
    (made, [, value]) => setText(made.lastElementChild, value),
  );
}
