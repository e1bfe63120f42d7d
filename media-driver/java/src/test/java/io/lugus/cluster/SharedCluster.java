package io.lugus.cluster;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * One three-member cluster and one Java media driver for all test classes that ask for it. Each test takes participants and
 * instruments that no other test uses, so that it knows every event.
 */
final class SharedCluster implements ExtensionContext.Store.CloseableResource {
    private static final int MEMBERS = 3;
    private static final int FIRST_PARTICIPANT = 100;

    private final LugusCluster cluster;
    private final JavaDriver driver;
    private final AtomicInteger participants = new AtomicInteger(FIRST_PARTICIPANT);
    private final AtomicInteger instruments = new AtomicInteger(1);

    private SharedCluster() throws IOException, InterruptedException {
        cluster = new LugusCluster(Deployment.create(0, MEMBERS, ""));
        try {
            cluster.startMembers();
            cluster.up();
            driver = new JavaDriver(cluster.deployment().aeronFolder().resolve("java-client"));
        } catch (final IOException | InterruptedException | RuntimeException | Error error) {
            cluster.close();
            throw error;
        }
    }

    LugusCluster cluster() {
        return cluster;
    }

    JavaDriver driver() {
        return driver;
    }

    Deployment deployment() {
        return cluster.deployment();
    }

    /** Opens a session of a participant that no test has used. */
    Participant newParticipant() {
        return connect(participants.getAndIncrement());
    }

    Participant connect(final int id) {
        return Participant.connect(driver, deployment().ingressEndpoints(cluster.members()), id);
    }

    /** Number of an instrument that no test has traded. */
    int newInstrument() {
        final int instrument = instruments.getAndIncrement();
        if (instrument > Deployment.INSTRUMENTS) {
            throw new AssertionError("all instruments are taken: raise Deployment.INSTRUMENTS");
        }
        return instrument;
    }

    @Override
    public void close() {
        driver.close();
        cluster.close();
    }

    /** Passes the cluster to tests that have it as a parameter. */
    static final class Resolver implements ParameterResolver {
        @Override
        public boolean supportsParameter(final ParameterContext parameter, final ExtensionContext context) {
            return SharedCluster.class == parameter.getParameter().getType();
        }

        @Override
        public Object resolveParameter(final ParameterContext parameter, final ExtensionContext context) {
            return context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL)
                .getOrComputeIfAbsent(SharedCluster.class, key -> start(), SharedCluster.class);
        }

        private static SharedCluster start() {
            try {
                return new SharedCluster();
            } catch (final IOException | InterruptedException error) {
                throw new AssertionError("the cluster does not start", error);
            }
        }
    }
}
