import { type Connection, connectionMethods } from './internals.ts'

const installed = Symbol.for('scrim kafkajs connection')
const underWay = new WeakMap<Connection, Promise<unknown>>()

/**
 * kafkajs opens one more socket for each request that finds its connection closed, and keeps only the last: with several
 * partitions writing, each reconnect leaks sockets, and a log-in begun on one is answered on another. Whoever finds a
 * connection being opened waits for that one.
 */
export function installConnectionOverride(): void {
  const methods = connectionMethods()
  if (Reflect.has(methods, installed)) return
  const original = methods.connect
  methods.connect = function () {
    const running = underWay.get(this)
    if (running !== undefined) return running
    const connecting = original.call(this).finally(() => underWay.delete(this))
    underWay.set(this, connecting)
    return connecting
  }
  Reflect.set(methods, installed, true)
}
