/** What every event has. */
export interface At {
  /** When the server saw it, milliseconds since 1970. */
  readonly at: number
}
