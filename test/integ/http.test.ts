import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { type Ended, runToEnd } from '../support/netroot.ts'
import { serve } from '../support/serve.ts'
import { digestOf, makeServedFiles, SIZES } from '../support/served-files.ts'

const files = await makeServedFiles()
after(() => files[Symbol.asyncDispose]())
const server = await serve('http', files.served)
after(() => server.stop())
const BIG = SIZES[4]

/** Runs curl on a file of the server. */
function curl(name: string, ...options: readonly string[]): Promise<Ended> {
  return runToEnd('curl', ['-sS', '--noproxy', '*', ...options, `http://127.0.0.1:${server.port}/${name}`])
}

/** The header lines that curl prints, names in lower case. */
function headersIn({ stdout }: Ended): Map<string, string> {
  const lines = stdout.split('\r\n').map((line) => /^([\w-]+): (.*)$/.exec(line))
  return new Map(lines.flatMap((match) => (match === null ? [] : [[(match[1] ?? '').toLowerCase(), match[2] ?? '']])))
}

test('curl and busybox wget fetch files of every size byte for byte', async () => {
  for (const size of SIZES) {
    const [one, two, wanted] = [files.target(), files.target(), await digestOf(files.content(size))]
    await curl(`file-${size}`, '-o', one)
    await runToEnd('busybox', ['wget', '-q', '-O', two, `http://127.0.0.1:${server.port}/file-${size}`])
    assert.deepEqual([await digestOf(one), await digestOf(two)], [wanted, wanted], `${size} bytes`)
  }
})

const ranges: readonly (readonly [string, number, number])[] = [
  ['0-0', 0, 1],
  ['1000000-2999999', 1_000_000, 3_000_000],
  ['-7', BIG - 7, BIG],
  [`${BIG - 1}-`, BIG - 1, BIG],
]
for (const [range, start, end] of ranges) {
  test(`curl fetches the range ${range}`, async () => {
    const target = files.target()
    const { stdout } = await curl(`file-${BIG}`, '-r', range, '-o', target, '-w', '%{http_code}')
    assert.equal(stdout, '206')
    assert.equal(await digestOf(target), await digestOf(files.content(BIG).subarray(start, end)))
  })
}

test('curl is told that a range lies behind the end', async () => {
  const answer = await curl('file-513', '-i', '-r', '513-')
  assert.match(answer.stdout, /^HTTP\/1\.1 416 /)
  assert.equal(headersIn(answer).get('content-range'), 'bytes */513')
})

test('curl goes on with a file that it has a part of', async () => {
  const target = files.target()
  await writeFile(target, files.content(BIG).subarray(0, 12_345_678))
  const { stderr } = await curl(`file-${BIG}`, '-C', '-', '-o', target)
  assert.equal(await digestOf(target), await digestOf(files.content(BIG)), stderr)
})

test('curl learns size and kind of a file with HEAD, and gets no body', async () => {
  const answer = await curl(`file-${BIG}`, '-I')
  assert.match(answer.stdout, /^HTTP\/1\.1 200 OK\r\n/)
  assert.equal(headersIn(answer).get('content-length'), String(BIG))
  assert.equal(headersIn(answer).get('accept-ranges'), 'bytes')
})

test('curl gets a file once only while it stays the same', async () => {
  const [tag, target] = [files.target(), files.target()]
  await writeFile(`${files.served}/changing`, 'one')
  await curl('changing', '--etag-save', tag, '-o', target)
  const again = await curl('changing', '--etag-compare', tag, '-w', '%{http_code}')
  assert.equal(again.stdout, '304')
  await writeFile(`${files.served}/changing`, 'two')
  const changed = await curl('changing', '--etag-compare', tag, '-w', ' %{http_code}')
  assert.equal(changed.stdout, 'two 200')
})

test('curl gets three files through one connection', async () => {
  const [base, target] = [`http://127.0.0.1:${server.port}`, files.target()]
  const urls = [`${base}/file-512`, `${base}/missing`, `${base}/file-513`]
  const outputs = urls.flatMap((url) => ['-o', target, url])
  const { stdout } = await runToEnd('curl', ['-sS', '--noproxy', '*', '-w', '%{num_connects} ', ...outputs])
  assert.equal(stdout, '1 0 0 ')
  assert.equal(await digestOf(target), await digestOf(files.content(513)))
})

test('curl at 64 connections gets whole files', async () => {
  const targets = Array.from({ length: 64 }, () => files.target())
  const outputs = targets.flatMap((target) => ['-o', target, `http://127.0.0.1:${server.port}/file-513`])
  await runToEnd('curl', ['-sS', '--noproxy', '*', '-Z', '--parallel-immediate', '--parallel-max', '64', ...outputs])
  for (const target of targets) assert.deepEqual(await readFile(target), files.content(513))
})

test('busybox wget and curl continue a file that they have a part of', async () => {
  const whole = files.content(BIG)
  for (const program of ['busybox', 'curl']) {
    const target = files.target()
    await writeFile(target, whole.subarray(0, 30_000_000))
    const url = `http://127.0.0.1:${server.port}/file-${BIG}`
    const args = program === 'curl' ? ['-sS', '--noproxy', '*', '-C', '-'] : ['wget', '-q', '-c']
    await runToEnd(program, program === 'curl' ? [...args, '-o', target, url] : [...args, '-O', target, url])
    assert.equal(await digestOf(target), await digestOf(whole), program)
  }
})

test('what iPXE asks for is answered with its length, and never in chunks', async () => {
  for (const version of ['--http1.0', '--http1.1']) {
    const asked = ['-H', 'Accept:', '-A', 'iPXE/1.21.1', '-r', '0-255', '-D', '-', '-o', '/dev/null']
    const headers = headersIn(await curl('file-512', version, ...asked))
    assert.equal(headers.get('content-length'), '256')
    assert.equal(headers.get('transfer-encoding'), undefined)
  }
})
