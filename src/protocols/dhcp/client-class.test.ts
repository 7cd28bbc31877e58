import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeClient } from './client.ts'
import { type ClientClass, isOfClass } from './client-class.ts'
import { option, rawOption } from './options.ts'
import { clientMessage } from './testing.ts'

const CLIENT = describeClient(
  clientMessage('discover', {
    options: [
      rawOption(option.architectures, [7, 9]),
      rawOption(option.vendorClass, 'PXEClient:Arch:00007:UNDI:003016'),
      rawOption(option.userClass, ['iPXE', 'lab']),
      rawOption(option.uuid, '8a3c6e42-0001-4000-8000-525400123456'),
    ],
  }),
)

const CASES: readonly [ClientClass, boolean][] = [
  [{}, true],
  [{ architectures: [9] }, true],
  [{ architectures: [0, 6] }, false],
  [{ uuid: '8A3C6E42-0001-4000-8000-525400123456' }, true],
  [{ uuid: '8a3c6e42-*' }, true],
  [{ uuid: '00000000-*' }, false],
  [{ vendorClass: 'PXEClient' }, false],
  [{ vendorClass: 'PXEClient*' }, true],
  [{ vendorClass: '*UNDI*' }, true],
  [{ vendorClass: 'PXEClient*:003016' }, true],
  [{ vendorClass: 'PXEClient:Arch:00007:UNDI:003016*003016' }, false],
  [{ vendorClass: '*Arch*Arch*' }, false],
  [{ userClass: 'lab' }, true],
  [{ userClass: 'l*x' }, false],
  [{ architectures: [7], userClass: 'iPXE', vendorClass: 'HTTPClient*' }, false],
]
for (const [wanted, result] of CASES) {
  test(`isOfClass() is ${result} for ${JSON.stringify(wanted)}`, () => assert.equal(isOfClass(CLIENT, wanted), result))
}

test('isOfClass() is false for what a machine does not say', () => {
  const silent = describeClient(clientMessage('discover'))
  for (const wanted of [{ architectures: [0] }, { uuid: '*' }, { vendorClass: '*' }, { userClass: '*' }]) {
    assert.equal(isOfClass(silent, wanted), false)
  }
})
