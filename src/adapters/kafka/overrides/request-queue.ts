import { requestQueueMethods } from './internals.ts'

const installed = Symbol.for('scrim kafkajs request queue')

/**
 * kafkajs re-arms a timer with a negative delay after each check of its request queue, whether or not anything waits: 900
 * timers a second for each idle connection, and a warning from newer Node (tulios/kafkajs#1751). With nothing pending
 * there is nothing to check: a request that has to wait arms the timer itself when it is queued.
 */
export function installRequestQueueOverride(): void {
  const methods = requestQueueMethods()
  if (Reflect.has(methods, installed)) return
  const original = methods.scheduleCheckPendingRequests
  methods.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) original.call(this)
  }
  Reflect.set(methods, installed, true)
}
