// Server-sent events with an Authorization header, which EventSource can't send. A connection that ends is made again.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** What can become of a connection. */
export const ENDED = { refused: "refused", full: "full", lost: "lost" };

/** Follows the updates until it is closed. */
export class Stream {
  #controller = new AbortController();
  #pause = FIRST_PAUSE_MS;

  /** `onMessage` gets each update, `onEnd` what has become of a connection, before the next one is made. */
  constructor(path, token, onMessage, onEnd) {
    this.#run(path, token, onMessage, onEnd);
  }

  close() {
    this.#controller.abort();
  }

  async #run(path, token, onMessage, onEnd) {
    const { signal } = this.#controller;
    while (!signal.aborted) {
      const ended = await this.#connect(path, token, onMessage, signal).catch(() => ENDED.lost);
      if (signal.aborted) return;
      onEnd(ended);
      if (ended === ENDED.refused) return;
      await new Promise((done) => setTimeout(done, this.#pause));
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    }
  }

  async #connect(path, token, onMessage, signal) {
    const response = await fetch(path, { headers: { Authorization: `Bearer ${token}` }, cache: "no-store", signal });
    if (response.status === 401) return ENDED.refused;
    if (response.status === 503) return ENDED.full;
    if (!response.ok) return ENDED.lost;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return ENDED.lost;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith("data: ") && !signal.aborted) {
          this.#pause = FIRST_PAUSE_MS;
          onMessage(JSON.parse(line.slice("data: ".length)));
        }
      }
    }
  }
}
