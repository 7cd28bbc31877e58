/** Why a file is not sent: its code and its text go to the client in an ERROR. */
export class TftpRefusal extends Error {
  /** One of `ERROR_CODE`. */
  readonly code: number

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TftpRefusal'
    this.code = code
  }
}
