import type { Evidence } from './evidence.ts'

/** How a boot stands. */
export type Verdict = 'alive' | 'ended' | 'going-on' | 'stuck' | 'failed'

/** One row of the tables of rules: the first that applies is right. */
export interface Rule {
  readonly name: string
  readonly verdict: Verdict
  readonly applies: (evidence: Evidence) => boolean
  readonly tell: (evidence: Evidence) => { readonly cause: string; readonly next: readonly string[] }
}
