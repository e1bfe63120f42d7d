// The page of the console: what comes from the server goes to the parts of the page.

import { showBook } from "./book.js";
import { showClusters, showFigures } from "./clusters.js";
import { Curves } from "./curves.js";
import { byId, setClass, setText } from "./dom.js";
import { Events } from "./events.js";
import { dateTime } from "./format.js";
import { listen } from "./keys.js";
import { listInstruments, showMap } from "./map.js";
import { ENDED, Stream } from "./stream.js";

const SILENT_AFTER_MS = 3_000;
const LEVELS = ["good", "warning", "alarm"];
const END_TEXTS = {
  [ENDED.full]: "the console has as many viewers as it takes; trying again",
  [ENDED.lost]: "no connection to the console; trying again",
};

const state = {
  token: null,
  stream: null,
  clusters: [],
  map: { coordinator: "none", epoch: null, partitions: [] },
  book: null,
  cluster: null,
  instrument: null,
  nowMs: 0,
  heardAt: 0,
};
const curves = new Curves();
const events = new Events();

/** The token in the address, which the address loses, or the one that was given before. */
function findToken() {
  const given = decodeURIComponent(location.hash.slice(1));
  if (given) {
    history.replaceState(null, "", location.pathname + location.search);
    localStorage.setItem("token", given);
  }
  return localStorage.getItem("token");
}

function connect() {
  state.stream?.close();
  const path = state.instrument === null ? "/updates" : `/updates?book=${state.instrument}`;
  state.stream = new Stream(path, state.token, take, ended);
}

function ended(how) {
  if (how === ENDED.refused) {
    localStorage.removeItem("token");
    askForToken(state.token ? "the token is not that of this console" : "");
    return;
  }
  say(END_TEXTS[how]);
}

function askForToken(problem) {
  document.querySelector("main").hidden = true;
  byId("token-form").hidden = false;
  setText(byId("connection"), "no token");
  say(problem);
  byId("token").focus();
}

/** Shows a notice above the page; an empty one hides it. */
function say(text) {
  byId("notice").hidden = !text;
  setText(byId("notice"), text ?? "");
}

/** Takes an update: the parts that have changed. */
function take(update) {
  const isFirst = state.heardAt === 0;
  state.heardAt = performance.now();
  state.nowMs = update.now_ms;
  byId("token-form").hidden = true;
  document.querySelector("main").hidden = false;
  say("");
  if (update.map) {
    state.map = update.map;
    const { partitions } = update.map;
    const isKnown = partitions.some((partition) => partition.instrument === state.instrument);
    if (!isKnown && partitions.length) chooseInstrument(partitions[0].instrument);
    listInstruments(state.map, state.instrument);
  }
  if (update.clusters) {
    state.clusters = update.clusters;
    if (!state.clusters.some((cluster) => cluster.id === state.cluster) && state.clusters.length) chooseCluster(state.clusters[0].id);
  }
  if (update.events) events.add(update.events);
  for (const point of update.points ?? []) {
    if (point.cluster === state.cluster) curves.add(point);
  }
  if (update.book && update.book.instrument === state.instrument) {
    state.book = update.book;
    showBook(state.book);
  }
  show();
  if (isFirst) curves.draw();
}

function show() {
  setText(byId("clock"), `${dateTime(state.nowMs)}`);
  showConnection();
  showClusters(state.clusters, state.cluster, state.nowMs, chooseCluster);
  const chosen = state.clusters.find((cluster) => cluster.id === state.cluster);
  if (chosen) {
    showFigures(chosen);
    curves.mark(chosen.marks);
  }
  showMap(state.map, state.instrument, state.nowMs, chooseInstrument);
  const worst = Math.max(0, ...state.clusters.map((cluster) => LEVELS.indexOf(cluster.health.level)));
  const bad = state.clusters.filter((cluster) => cluster.health.level !== "good");
  setText(byId("overall"), bad.length ? bad.map((cluster) => `${cluster.name}: ${cluster.health.text}`).join("; ") : "all clusters are well");
  setClass(byId("overall"), `health ${LEVELS[worst]}`);
  document.title = worst ? `${LEVELS[worst]} · Lugus console` : "Lugus console";
}

function showConnection() {
  if (state.heardAt === 0) return;
  const silence = performance.now() - state.heardAt;
  const isSilent = silence > SILENT_AFTER_MS;
  document.body.classList.toggle("silent", isSilent);
  setText(byId("connection"), isSilent ? `silent for ${Math.round(silence / 1000)} s` : "live");
}

async function chooseCluster(id) {
  state.cluster = id;
  curves.reset([]);
  show();
  const headers = { Authorization: `Bearer ${state.token}` };
  const response = await fetch(`/history/${id}`, { headers, cache: "no-store" }).catch(() => null);
  if (response?.ok && state.cluster === id) curves.reset(await response.json());
}

function chooseInstrument(id) {
  if (state.instrument === id) return;
  state.instrument = id;
  state.book = null;
  localStorage.setItem("instrument", String(id));
  listInstruments(state.map, id);
  showBook(null);
  connect();
}

/** The item after the chosen one, round and round. */
function step(items, isChosen, by) {
  if (!items.length) return null;
  return items[(items.findIndex(isChosen) + by + items.length) % items.length];
}

function stepCluster(by) {
  const next = step(state.clusters, (cluster) => cluster.id === state.cluster, by);
  if (next) chooseCluster(next.id);
}

function stepInstrument(by) {
  const next = step(state.map.partitions, (partition) => partition.instrument === state.instrument, by);
  if (next) chooseInstrument(next.instrument);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  curves.draw();
}

function changeTheme() {
  const isLight = getComputedStyle(document.documentElement).getPropertyValue("--is-light").trim() === "1";
  const theme = isLight ? "dark" : "light";
  localStorage.setItem("theme", theme);
  setTheme(theme);
}

function begin() {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => curves.draw());
  const instrument = Number.parseInt(localStorage.getItem("instrument"), 10);
  if (Number.isInteger(instrument)) state.instrument = instrument;
  byId("theme").addEventListener("click", changeTheme);
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  byId("instrument").addEventListener("change", (event) => chooseInstrument(Number(event.target.value)));
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    state.token = byId("token").value.trim();
    localStorage.setItem("token", state.token);
    byId("token").value = "";
    connect();
  });
  listen({
    c: () => stepCluster(1),
    C: () => stepCluster(-1),
    i: () => stepInstrument(1),
    I: () => stepInstrument(-1),
    e: () => events.nextLevel(),
    t: changeTheme,
    "/": () => byId("event-text").focus(),
    "?": () => byId("help").showModal(),
  });
  setInterval(showConnection, 1_000);
  // Somebody who pastes the address with the token into this window only changes what is behind its #.
  addEventListener("hashchange", enter);
  enter();
}

function enter() {
  state.token = findToken();
  if (state.token) connect();
  else askForToken("");
}

begin();
