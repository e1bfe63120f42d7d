package io.lugus;

import io.aeron.ChannelUri;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The channel on which a client that nobody knows yet asks for answers. The member's media driver opens it before the client has
 * proved anything, so it must not cost more than a publication to one address: a name would make the driver wait for a name
 * server, while it does nothing else; a parameter such as {@code linger} would keep the publication.
 */
final class ResponseChannel {
    /** Length of the longest channel, in characters. */
    static final int MAXIMUM_LENGTH = 512;

    private static final Set<String> PARAMETERS =
        Set.of("endpoint", "alias", "mtu", "term-length", "rejoin", "reliable", "tether", "group", "rcv-wnd", "so-rcvbuf");

    private static final Pattern IPV4 = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    private static final Pattern IPV6 = Pattern.compile("\\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\\]");
    private static final int FIRST_MULTICAST = 224;
    private static final int MAXIMUM_PORT = 65_535;

    private ResponseChannel() {
    }

    /** Whether this is UDP to a port of one address in digits (or {@code localhost}), with parameters that cost nothing. */
    static boolean isPlain(final String channel) {
        if (channel.length() > MAXIMUM_LENGTH) {
            return false;
        }
        try {
            final ChannelUri uri = ChannelUri.parse(channel);
            final boolean[] isPlain = {uri.isUdp() && uri.prefix().isEmpty()};
            uri.forEachParameter((name, value) -> isPlain[0] &= PARAMETERS.contains(name));
            return isPlain[0] && isAddressAndPort(uri.get("endpoint"));
        } catch (final RuntimeException error) {
            return false;
        }
    }

    private static boolean isAddressAndPort(final String endpoint) {
        final int colon = null == endpoint ? -1 : endpoint.lastIndexOf(':');
        return colon > 0 && isPort(endpoint.substring(colon + 1)) && isAddress(endpoint.substring(0, colon));
    }

    private static boolean isPort(final String text) {
        final int port = Integer.parseInt(text);
        return 0 < port && port <= MAXIMUM_PORT;
    }

    private static boolean isAddress(final String host) {
        if ("localhost".equals(host)) {
            return true;
        }
        final var ipv4 = IPV4.matcher(host);
        if (ipv4.matches()) {
            final int first = Integer.parseInt(ipv4.group(1));
            boolean isAddress = 0 < first && first < FIRST_MULTICAST;
            for (int i = 2; i <= ipv4.groupCount(); i++) {
                isAddress &= Integer.parseInt(ipv4.group(i)) <= 255;
            }
            return isAddress;
        }
        return IPV6.matcher(host).matches() && isIpv6(host);
    }

    /** Java reads a text in brackets without asking a name server. */
    private static boolean isIpv6(final String host) {
        try {
            final InetAddress address = InetAddress.getByName(host);
            return address instanceof Inet6Address && !address.isMulticastAddress() && !address.isAnyLocalAddress();
        } catch (final UnknownHostException error) {
            return false;
        }
    }
}
