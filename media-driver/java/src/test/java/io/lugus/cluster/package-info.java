/**
 * Tests of a real Lugus cluster through Aeron's own Java client, with codecs generated from Lugus' schemas. They prove that a
 * client needs nothing else of Lugus, and that it gets the same events as the client in Rust.
 */
package io.lugus.cluster;
