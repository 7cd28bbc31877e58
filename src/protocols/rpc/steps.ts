import type { Awaitable } from '../../storage/byte-source.ts'

/**
 * Work that waits only where it must: a generator that yields promises, and runs to its end at once when everything it
 * asks for is in memory. An `async` function would cost a turn of the event loop per call.
 */
export type Steps<T = void> = Generator<Promise<unknown>, T, unknown>

/** The value, waited for if it is a promise: `const node = yield* ready(tree.lookup(directory, name))`. */
export function* ready<T>(value: Awaitable<T>): Steps<T> {
  return value instanceof Promise ? ((yield value) as T) : value
}

/**
 * Goes on with a value: at once if it is there. For what is asked so often that a generator for each time shows.
 */
export function whenReady<T>(value: Awaitable<T>, goOn: (value: T) => Steps | undefined): Steps | undefined {
  return value instanceof Promise ? afterwards(value, goOn) : goOn(value)
}

function* afterwards<T>(value: Promise<T>, goOn: (value: T) => Steps | undefined): Steps {
  const steps = goOn((yield value) as T)
  if (steps !== undefined) yield* steps
}

/** The rest of steps that have been begun and wait for something. */
export function* restOf<T>(steps: Steps<T>, first: Promise<unknown>): Steps<T> {
  let step: IteratorResult<Promise<unknown>, T> = { done: false, value: first }
  while (step.done !== true) {
    let value: unknown
    try {
      value = yield step.value
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}

/** Runs the steps. Undefined if they have ended already, else a promise of their end. Errors are thrown or rejected. */
export function runSteps(steps: Steps): Promise<void> | undefined {
  const first = steps.next()
  return first.done === true ? undefined : finish(steps, first.value)
}

async function finish(steps: Steps, first: Promise<unknown>): Promise<void> {
  let step: IteratorResult<Promise<unknown>, void> = { done: false, value: first }
  while (step.done !== true) step = await advance(steps, step.value)
}

async function advance(steps: Steps, waited: Promise<unknown>): Promise<IteratorResult<Promise<unknown>, void>> {
  let value: unknown
  try {
    value = await waited
  } catch (error) {
    return steps.throw(error)
  }
  return steps.next(value)
}
