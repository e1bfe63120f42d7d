// The book of an instrument as a ladder, with its trades.

import { byId, element, row, setChildren, setClass, setText } from "./dom.js";
import { text, time } from "./format.js";

const STATES = {
  connecting: "connecting",
  live: "",
  recovering: "increments were missed: loading it again",
  unknown: "no cluster has this instrument",
  "too-large": "it has too many levels to be followed",
  full: "the console follows as many books as it can: close the view of another one",
  failed: "it can't be followed",
};

/** Shows a book; `null` if none is viewed. */
export function showBook(book) {
  const state = book ? [STATES[book.state] ?? book.state, book.problem].filter(Boolean).join(": ") : "";
  setText(byId("book-state"), state);
  setClass(byId("book-state"), !book || book.state === "live" || book.state === "connecting" ? "state" : "state warning");
  showMarket(book);
  showAuction(book);
  showLadder(book);
  showTrades(book);
}

function showMarket(book) {
  const figures = [
    ["market", book?.market, book?.market && book.market !== "OPEN" ? "number warning" : "number"],
    ["last", book?.last, "number"],
    ["high", book?.high, "number"],
    ["low", book?.low, "number"],
    ["volume", book?.volume, "number"],
    ["levels", book ? `${book.depth[0]} · ${book.depth[1]}` : null, "number"],
  ];
  setChildren(
    byId("market"),
    figures,
    ([name]) => name,
    ([name]) => {
      const made = element("div");
      made.append(element("dt", "", name), element("dd", "number"));
      return made;
    },
    (made, [, value, classes]) => {
      setText(made.lastElementChild, text(value));
      setClass(made.lastElementChild, classes);
    },
  );
}

function showAuction(book) {
  const target = byId("auction");
  const auction = book?.auction;
  target.hidden = book?.market !== "AUCTION";
  if (!auction) {
    setText(target, "auction: the book is not crossed, nothing would trade");
    return;
  }
  const rest = auction.side ? `, ${auction.imbalance} to ${auction.side} left` : ", nothing left";
  setText(target, `auction: ${auction.volume} would trade at ${auction.price}${rest}`);
}

function showLadder(book) {
  const offers = (book?.offers ?? []).map((level) => ({ ...level, side: "offer" })).reverse();
  const bids = (book?.bids ?? []).map((level) => ({ ...level, side: "bid" }));
  const spread = { side: "spread", price: book?.spread ?? null };
  const rows = offers.length || bids.length ? [...offers, spread, ...bids] : [];
  setChildren(
    document.querySelector("#ladder tbody"),
    rows,
    (level) => (level.side === "spread" ? "spread" : `${level.side} ${level.price}`),
    (level) => row(["n", "n bar bid", "c", "l bar offer", "l"], level.side),
    updateLevel,
  );
}

function updateLevel(line, level) {
  const [bidOrders, bid, price, offer, offerOrders] = line.cells;
  if (level.side === "spread") {
    setText(price, level.price === null ? "" : `± ${level.price}`);
    return;
  }
  setText(price, level.price);
  const [quantity, orders] = level.side === "bid" ? [bid, bidOrders] : [offer, offerOrders];
  setText(quantity, level.quantity);
  setText(orders, String(level.orders));
  quantity.style.setProperty("--part", `${(100 * level.part).toFixed(1)}%`);
}

function showTrades(book) {
  setChildren(
    document.querySelector("#trades tbody"),
    book?.trades ?? [],
    (trade) => trade.id,
    () => row(["", "n", "n"]),
    (line, trade) => {
      setClass(line, [trade.side ?? "auction", trade.is_amended ? "amended" : ""].join(" ").trim());
      setText(line.cells[0], time(trade.at_ms));
      setText(line.cells[1], trade.price);
      setText(line.cells[2], trade.quantity);
    },
  );
}
