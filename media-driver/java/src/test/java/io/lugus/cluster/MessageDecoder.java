package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lugus.market.data.MarketDataRequestRejectDecoder;
import io.lugus.market.data.MarketDataSnapshotDecoder;
import io.lugus.order.entry.BusinessMessageRejectDecoder;
import io.lugus.order.entry.CommandRefusedDecoder;
import io.lugus.order.entry.ExecutionReportDecoder;
import io.lugus.order.entry.MessageHeaderDecoder;
import io.lugus.order.entry.MessageRejectDecoder;
import io.lugus.order.entry.OrderCancelRejectDecoder;
import io.lugus.order.entry.OrderMassCancelReportDecoder;
import io.lugus.order.entry.ResumeCompleteDecoder;
import io.lugus.order.entry.SequenceRejectDecoder;
import io.lugus.order.entry.SessionReplacedDecoder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;

/** Decodes egress with the generated codecs. */
final class MessageDecoder {
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();

    Message decode(final DirectBuffer buffer, final int offset) {
        header.wrap(buffer, offset);
        return switch (header.schemaId()) {
            case ExecutionReportDecoder.SCHEMA_ID -> orderEntry(buffer, offset);
            case MarketDataSnapshotDecoder.SCHEMA_ID -> marketData(buffer, offset);
            default -> throw new AssertionError("schema " + header.schemaId());
        };
    }

    private Message orderEntry(final DirectBuffer buffer, final int offset) {
        assertEquals(ExecutionReportDecoder.SCHEMA_VERSION, header.version());
        return switch (header.templateId()) {
            case ExecutionReportDecoder.TEMPLATE_ID -> execution(buffer, offset);
            case OrderCancelRejectDecoder.TEMPLATE_ID -> cancelReject(buffer, offset);
            case OrderMassCancelReportDecoder.TEMPLATE_ID -> massCancel(buffer, offset);
            case BusinessMessageRejectDecoder.TEMPLATE_ID -> reject(buffer, offset);
            default -> answer(buffer, offset);
        };
    }

    private Message execution(final DirectBuffer buffer, final int offset) {
        final ExecutionReportDecoder in = new ExecutionReportDecoder().wrapAndApplyHeader(buffer, offset, header);
        final long price = in.price();
        final long lastPrice = in.lastPrice();
        final Report.Execution body = new Report.Execution(
            in.execType(), in.orderStatus(), in.orderId(), in.clientOrderId(), in.origClientOrderId(), in.tradeId(),
            in.side(), in.orderType(), in.timeInForce(),
            ExecutionReportDecoder.priceNullValue() == price ? null : price, in.quantity(),
            ExecutionReportDecoder.lastPriceNullValue() == lastPrice ? null : lastPrice, in.lastQuantity(),
            in.leavesQuantity(), in.cumQuantity(), in.liquidityIndicator(), in.reason());
        return new Message.Event(new Report(
            in.participantId(), in.instrumentId(), in.eventSequence(), in.clientSequence(), in.transactTime(), body));
    }

    private Message cancelReject(final DirectBuffer buffer, final int offset) {
        final OrderCancelRejectDecoder in = new OrderCancelRejectDecoder().wrapAndApplyHeader(buffer, offset, header);
        final Report.Body body =
            new Report.CancelReject(in.origClientOrderId(), in.clientOrderId(), in.reason(), in.orderStatus());
        return new Message.Event(new Report(
            in.participantId(), in.instrumentId(), in.eventSequence(), in.clientSequence(), in.transactTime(), body));
    }

    private Message massCancel(final DirectBuffer buffer, final int offset) {
        final OrderMassCancelReportDecoder in =
            new OrderMassCancelReportDecoder().wrapAndApplyHeader(buffer, offset, header);
        final Report.Body body = new Report.MassCancel(in.targetParticipantId(), in.totalAffectedOrders());
        return new Message.Event(new Report(
            in.participantId(), in.instrumentId(), in.eventSequence(), in.clientSequence(), in.transactTime(), body));
    }

    private Message reject(final DirectBuffer buffer, final int offset) {
        final BusinessMessageRejectDecoder in =
            new BusinessMessageRejectDecoder().wrapAndApplyHeader(buffer, offset, header);
        final Report.Body body = new Report.Reject(Report.CommandKind.of(in.refTemplateId()), in.reason());
        return new Message.Event(new Report(
            in.participantId(), in.instrumentId(), in.eventSequence(), in.clientSequence(), in.transactTime(), body));
    }

    private Message answer(final DirectBuffer buffer, final int offset) {
        switch (header.templateId()) {
            case SequenceRejectDecoder.TEMPLATE_ID: {
                final SequenceRejectDecoder in = new SequenceRejectDecoder().wrapAndApplyHeader(buffer, offset, header);
                return new Message.SequenceReject(in.clientSequence(), in.expectedClientSequence(), in.instrumentId());
            }
            case ResumeCompleteDecoder.TEMPLATE_ID: {
                final ResumeCompleteDecoder in = new ResumeCompleteDecoder().wrapAndApplyHeader(buffer, offset, header);
                return new Message.ResumeComplete(in.lastClientSequence(), in.lastEventSequence(), in.instrumentId());
            }
            case CommandRefusedDecoder.TEMPLATE_ID: {
                final CommandRefusedDecoder in = new CommandRefusedDecoder().wrapAndApplyHeader(buffer, offset, header);
                return new Message.CommandRefused(in.clientSequence(), in.instrumentId(), in.reason());
            }
            case MessageRejectDecoder.TEMPLATE_ID: {
                final MessageRejectDecoder in = new MessageRejectDecoder().wrapAndApplyHeader(buffer, offset, header);
                return new Message.MessageReject(in.refTemplateId(), in.reason());
            }
            case SessionReplacedDecoder.TEMPLATE_ID:
                return new Message.SessionReplaced(
                    new SessionReplacedDecoder().wrapAndApplyHeader(buffer, offset, header).participantId());
            default:
                throw new AssertionError("template " + header.templateId());
        }
    }

    private static Message marketData(final DirectBuffer buffer, final int offset) {
        final var header = new io.lugus.market.data.MessageHeaderDecoder().wrap(buffer, offset);
        if (MarketDataRequestRejectDecoder.TEMPLATE_ID == header.templateId()) {
            final MarketDataRequestRejectDecoder in =
                new MarketDataRequestRejectDecoder().wrapAndApplyHeader(buffer, offset, header);
            return new Message.BookReject(in.requestId(), in.instrumentId());
        }
        final MarketDataSnapshotDecoder in = new MarketDataSnapshotDecoder().wrapAndApplyHeader(buffer, offset, header);
        final List<Message.Level> bids = new ArrayList<>();
        for (final MarketDataSnapshotDecoder.BidsDecoder bid : in.bids()) {
            bids.add(new Message.Level(bid.price(), bid.quantity(), bid.numberOfOrders()));
        }
        final List<Message.Level> offers = new ArrayList<>();
        for (final MarketDataSnapshotDecoder.OffersDecoder offer : in.offers()) {
            offers.add(new Message.Level(offer.price(), offer.quantity(), offer.numberOfOrders()));
        }
        return new Message.Book(in.requestId(), in.instrumentId(), bids, offers);
    }
}
