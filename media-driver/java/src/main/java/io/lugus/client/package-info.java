/**
 * A client that trades over Aeron's own Java client, and needs nothing else of Lugus: logon with a key and signed messages, the messages of
 * order entry, and their numbers, each exactly once also across sessions and processes. {@code lugus torture} runs it beside clients with
 * the SDK.
 */
package io.lugus.client;
