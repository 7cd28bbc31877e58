import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moduleNameOfPath } from './module-name.ts'
import { AliasTable, parseModulesAlias, renderModulesAlias } from './modules-alias.ts'
import { parseModulesBuiltin, parseModulesDep, renderModulesDep } from './modules-dep.ts'
import { parseBuiltinAliases, readModuleInfo } from './modinfo.ts'
import { parseSoftdeps } from './softdep.ts'
import { elfModule } from './testing.ts'

test('moduleNameOfPath() takes directories, endings and dashes off', () => {
  assert.equal(moduleNameOfPath('kernel/net/packet/af-packet.ko.xz'), 'af_packet')
  assert.equal(moduleNameOfPath('8139too.ko'), '8139too')
  assert.equal(moduleNameOfPath('kernel/vmlinuz.xz'), undefined)
})

const DEP = `kernel/fs/nfs/nfs.ko.xz: kernel/fs/lockd/lockd.ko.xz kernel/net/sunrpc/sunrpc.ko.xz
kernel/fs/lockd/lockd.ko.xz: kernel/net/sunrpc/sunrpc.ko.xz
kernel/net/sunrpc/sunrpc.ko.xz:
`

test('parseModulesDep() and renderModulesDep() read and write the lines of depmod', () => {
  const modules = parseModulesDep(DEP)
  assert.deepEqual(modules.get('nfs'), { name: 'nfs', path: 'kernel/fs/nfs/nfs.ko.xz', needs: ['lockd', 'sunrpc'] })
  assert.equal(renderModulesDep([...modules.values()]), DEP)
})

test('parseModulesDep() names the line that is wrong', () => {
  assert.throws(() => parseModulesDep('a.ko:\nb.ko\n'), /modules.dep, line 2: "b.ko" has no colon, want PATH: PATH…/)
  assert.throws(() => parseModulesDep('a.ko: garbage\n'), /line 1: "garbage" is no module, want a name ending in .ko/)
})

test('renderModulesDep() refuses a module whose need is left out', () => {
  const lockd = { name: 'lockd', path: 'lockd.ko', needs: ['sunrpc'] }
  assert.throws(() => renderModulesDep([lockd]), /lockd needs sunrpc, which is not among the modules/)
})

test('parseModulesBuiltin() reads names', () => {
  assert.deepEqual(
    [...parseModulesBuiltin('kernel/drivers/virtio/virtio_pci.ko\nkernel/net/ipv6/ip-v6.ko\n')],
    ['virtio_pci', 'ip_v6'],
  )
})

const ALIAS = `# Aliases extracted from modules themselves.
alias pci:v00008086d0000100Esv*sd*bc*sc*i* e1000
alias pci:v00008086d0000100[Ff]sv*sd*bc*sc*i* e1000e
alias fs-nfs4 nfsv4
alias nfs-layouttype4-? nfs-layout
alias of:N*T*Cfsl,imx7d-fec* fec
`

test('AliasTable matches what devices and the kernel ask for, as modprobe does [FB3]', () => {
  const table = new AliasTable(parseModulesAlias(ALIAS))
  assert.deepEqual(table.modulesFor('pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00'), ['e1000'])
  assert.deepEqual(table.modulesFor('pci:v00008086d0000100Fsv00001AF4sd00001100bc02sc00i00'), ['e1000e'])
  assert.deepEqual(table.modulesFor('fs-nfs4'), ['nfsv4'])
  assert.deepEqual(table.modulesFor('fs_nfs4'), ['nfsv4'])
  assert.deepEqual(table.modulesFor('nfs-layouttype4-1'), ['nfs_layout'])
  assert.deepEqual(table.modulesFor('of:Nethernet/v1T(null)Cfsl,imx7d-fecCfsl,imx6sx-fec'), ['fec'])
  assert.deepEqual(table.modulesFor('pci:v000010ECd00008139'), [])
})

test('renderModulesAlias() writes what parseModulesAlias() reads', () => {
  const aliases = parseModulesAlias(ALIAS)
  assert.deepEqual(parseModulesAlias(renderModulesAlias(aliases)), aliases)
})

test('parseSoftdeps() reads pre, post and names without a label', () => {
  const text = '# comment\nsoftdep r8169 pre: realtek\nsoftdep vfio post: a b pre: c\nsoftdep cifs gcm\n'
  assert.deepEqual(parseSoftdeps(text), [
    { module: 'r8169', before: ['realtek'], after: [] },
    { module: 'vfio', before: ['c'], after: ['a', 'b'] },
    { module: 'cifs', before: ['gcm'], after: [] },
  ])
})

for (const bits of [32, 64] as const) {
  for (const littleEndian of [true, false]) {
    test(`readModuleInfo() reads .modinfo of a ${bits}-bit ${littleEndian ? 'little' : 'big'}-endian module`, () => {
      const module = elfModule({ firmware: ['rtl_nic/a.fw', 'rtl_nic/b.fw'], license: ['GPL'] }, { bits, littleEndian })
      const info = readModuleInfo(module)
      assert.deepEqual(info.get('firmware'), ['rtl_nic/a.fw', 'rtl_nic/b.fw'])
      assert.deepEqual(info.get('license'), ['GPL'])
    })
  }
}

test('readModuleInfo() says of a cut module that it is cut', () => {
  const module = elfModule({ firmware: ['a.fw'] })
  assert.throws(() => readModuleInfo(module.subarray(0, 30)), /ELF file at byte 0/)
  assert.throws(() => readModuleInfo(module.subarray(0, module.byteLength - 100)), /it is cut/)
})

test('parseBuiltinAliases() finds the module inside the kernel that answers to a name', () => {
  const info = Buffer.from('crc32c.alias=crypto-crc32c\0crc32c.license=GPL\0crc32c.alias=crc32c\0')
  assert.deepEqual(
    parseBuiltinAliases(info),
    ['crypto-crc32c', 'crc32c'].map((pattern) => ({ pattern, module: 'crc32c' })),
  )
})
