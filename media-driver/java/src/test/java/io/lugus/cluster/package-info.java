/**
 * A real Lugus cluster, spoken to by Aeron's own Java client with codecs generated from our schemas: the proof that nothing
 * of ours is needed on the client's side, and that it gets what our own client gets.
 */
package io.lugus.cluster;
