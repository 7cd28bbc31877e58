import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { run } from './run.ts'

/** A key with its certificate, in PEM. */
export interface KeyAndCertificate {
  readonly key: string
  readonly cert: string
}

const CA_DAYS = 3650
const SERVER_DAYS = 397
/** A certificate that ends sooner is made anew. */
const RENEW_MS = 30 * 86_400_000

/**
 * The certificate of a server for these names and addresses, signed by an authority that is made once and then kept in
 * `directory`: `ca.crt` is what machines are to trust. Both are made by the program `openssl`.
 *
 * @throws {Error} if there is no such program, or it cannot make them
 */
export async function madeCertificate(directory: string, names: readonly string[]): Promise<KeyAndCertificate> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const known = await readPair(directory, 'server')
  if (known !== undefined && isGoodFor(known.cert, names)) return known
  if ((await readPair(directory, 'ca')) === undefined) await make(directory, 'ca', makeAuthority)
  await make(directory, 'server', (work) => makeServer(work, directory, names))
  const made = await readPair(directory, 'server')
  if (made === undefined) throw new Error(`Cannot read the certificate that was made in ${directory}`)
  return made
}

async function readPair(directory: string, name: string): Promise<KeyAndCertificate | undefined> {
  try {
    const [key, cert] = await Promise.all(
      ['key', 'crt'].map((kind) => readFile(join(directory, `${name}.${kind}`), 'utf8')),
    )
    return key === undefined || cert === undefined ? undefined : { key, cert }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isGoodFor(pem: string, names: readonly string[]): boolean {
  const certificate = new X509Certificate(pem)
  const lasts = Date.parse(certificate.validTo) - Date.now() > RENEW_MS
  return lasts && names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)))
}

/** Makes a pair beside the others and puts it into place when it is whole, the certificate last. */
async function make(directory: string, name: string, maker: (work: string) => Promise<void>): Promise<void> {
  const work = await mkdtemp(join(directory, 'making-'))
  try {
    await maker(work)
    await chmod(join(work, 'key'), 0o600)
    await rename(join(work, 'key'), join(directory, `${name}.key`))
    await rename(join(work, 'crt'), join(directory, `${name}.crt`))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** P-256: what every TLS client of the last ten years knows, firmware included. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const

async function makeAuthority(work: string): Promise<void> {
  const use = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-addext', 'basicConstraints=critical,CA:TRUE']
  const to = ['-keyout', join(work, 'key'), '-out', join(work, 'crt')]
  await openssl(['req', '-x509', ...NEW_KEY, ...to, '-days', `${CA_DAYS}`, '-subj', '/CN=netroot boot server', ...use])
}

async function makeServer(work: string, directory: string, names: readonly string[]): Promise<void> {
  const [request, extensions] = [join(work, 'csr'), join(work, 'ext')]
  const alternatives = names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',')
  await writeFile(
    extensions,
    `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n`,
  )
  const subject = `/CN=${names[0] ?? 'netroot'}`
  await openssl(['req', '-new', ...NEW_KEY, '-keyout', join(work, 'key'), '-out', request, '-subj', subject])
  const authority = ['-CA', join(directory, 'ca.crt'), '-CAkey', join(directory, 'ca.key'), '-CAcreateserial']
  const serial = ['-CAserial', join(work, 'serial')]
  const days = ['-days', `${SERVER_DAYS}`, '-extfile', extensions]
  await openssl(['x509', '-req', '-in', request, ...authority, ...serial, ...days, '-out', join(work, 'crt')])
}

async function openssl(args: readonly string[]): Promise<void> {
  await run('openssl', args).catch((cause: unknown) => {
    const next = 'install the package openssl, or name a certificate of your own'
    throw new Error(`Cannot make a certificate: ${cause instanceof Error ? cause.message : String(cause)}; ${next}`, {
      cause,
    })
  })
}
