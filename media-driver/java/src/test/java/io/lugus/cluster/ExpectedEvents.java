package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;

/** All events of a participant in an instrument, in order, as a test expects them. */
final class ExpectedEvents {
    private final Participant participant;
    private final int instrument;
    private final List<Report> reports = new ArrayList<>();

    ExpectedEvents(final Participant participant, final int instrument) {
        this.participant = participant;
        this.instrument = instrument;
    }

    /** The next event answers a command. */
    ExpectedEvents answer(final long clientSequence, final Report.Body body) {
        reports.add(
            new Report(participant.id(), instrument, reports.size() + 1L, clientSequence, 0, body));
        return this;
    }

    /** The next event answers no command: a resting order trades. */
    ExpectedEvents tell(final Report.Body body) {
        return answer(0, body);
    }

    /** Asserts that the participant got exactly these events. */
    void verify() {
        participant.settle(instrument);
        assertEquals(reports, participant.events(instrument).stream().map(Report::timeless).toList());
    }
}
