/**
 * What of a Lugus member must be Java: the process of archive and consensus module, how participants prove who they are
 * to it, and an echo service to compare with.
 */
package io.lugus;
