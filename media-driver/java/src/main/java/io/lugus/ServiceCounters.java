package io.lugus;

/** Type ids of the counters of the service container that are not Aeron's. The container's {@code counters.rs} has them, too. */
final class ServiceCounters {
    /** Position after the last fragment of the log that the service has done with, in bytes; -1 while it has joined no log. */
    static final int LOG_POSITION_TYPE_ID = 10_216;

    /** Number of sessions that the service has closed because they were slow. */
    static final int SLOW_SESSIONS_CLOSED_TYPE_ID = 10_215;

    /** Time of the last entry of the log that the service has applied, in the cluster's unit of time. */
    static final int LOG_TIME_TYPE_ID = 10_218;

    private ServiceCounters() {
    }
}
