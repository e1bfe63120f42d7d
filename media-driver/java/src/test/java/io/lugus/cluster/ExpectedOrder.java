package io.lugus.cluster;

import io.lugus.order.entry.ExecType;
import io.lugus.order.entry.LiquidityIndicator;
import io.lugus.order.entry.OrderStatus;
import io.lugus.order.entry.RejectReason;

/** The life of an order as a test expects it: each step gives the report of that step. */
final class ExpectedOrder {
    private final Command.NewOrder order;
    private final long orderId;
    private long clientOrderId;
    private long quantity;
    private long filled;
    private Long price;

    /**
     * @param order the order as it was sent.
     * @param orderId the engine's number of the order. Accepted orders are numbered from 1 in their instrument.
     */
    ExpectedOrder(final Command.NewOrder order, final long orderId) {
        this.order = order;
        this.orderId = orderId;
        clientOrderId = order.clientOrderId();
        quantity = order.quantity();
        price = order.price();
    }

    /** The order is rejected. */
    static Report.Execution rejected(final Command.NewOrder order, final RejectReason reason) {
        return new Report.Execution(
            ExecType.REJECTED, OrderStatus.REJECTED, 0, order.clientOrderId(), 0, 0, order.side(), order.orderType(),
            order.timeInForce(), order.price(), order.quantity(), null, 0, 0, 0, LiquidityIndicator.NONE, reason);
    }

    Report.Execution taken() {
        return report(ExecType.NEW, 0, 0, null, 0, LiquidityIndicator.NONE);
    }

    /** The order trades as the maker: it rested in the book. */
    Report.Execution added(final long tradeId, final long lots, final long at) {
        filled += lots;
        return report(ExecType.TRADE, 0, tradeId, at, lots, LiquidityIndicator.ADDED);
    }

    /** The order trades as the taker: it met a resting order. */
    Report.Execution removed(final long tradeId, final long lots, final long at) {
        filled += lots;
        return report(ExecType.TRADE, 0, tradeId, at, lots, LiquidityIndicator.REMOVED);
    }

    Report.Execution replaced(final long newClientOrderId, final long newQuantity, final long newPrice) {
        final long from = clientOrderId;
        clientOrderId = newClientOrderId;
        quantity = newQuantity;
        price = newPrice;
        return report(ExecType.REPLACED, from, 0, null, 0, LiquidityIndicator.NONE);
    }

    Report.Execution canceled(final RejectReason reason) {
        return new Report.Execution(
            ExecType.CANCELED, OrderStatus.CANCELED, orderId, clientOrderId, 0, 0, order.side(), order.orderType(),
            order.timeInForce(), price, quantity, null, 0, 0, filled, LiquidityIndicator.NONE, reason);
    }

    private Report.Execution report(
        final ExecType execType,
        final long from,
        final long tradeId,
        final Long lastPrice,
        final long lastQuantity,
        final LiquidityIndicator liquidity) {
        return new Report.Execution(
            execType, status(), orderId, clientOrderId, from, tradeId, order.side(), order.orderType(),
            order.timeInForce(), price, quantity, lastPrice, lastQuantity, quantity - filled, filled, liquidity,
            RejectReason.NONE);
    }

    private OrderStatus status() {
        if (filled == quantity) {
            return OrderStatus.FILLED;
        }
        return 0 == filled ? OrderStatus.NEW : OrderStatus.PARTIALLY_FILLED;
    }
}
