/**
 * The parts of a Lugus member that must be Java: the process of archive and consensus module, the authenticators, and an echo
 * service in Aeron's own container to compare with.
 */
package io.lugus;
