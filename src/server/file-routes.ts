import { join } from 'node:path'
import { StoreError } from '../image/release.ts'
import { clientPart } from '../initramfs/client-part.ts'
import { authorizedKeysPart } from '../initramfs/ssh.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { openFileSource } from '../storage/file-source.ts'
import { type BootServices, textAnswer } from './boot-services.ts'
import { findOwnInitramfs } from './own-initramfs.ts'

type Groups = readonly string[]

/** A loader, for firmware that boots by HTTP. */
export async function sendLoader({ loaders }: BootServices, _: HttpRequest, [name = '']: Groups): Promise<HttpAnswer> {
  const loader = await loaders.get(name)
  if (loader === undefined) return textAnswer(`There is no loader ${name}`, 404)
  return { kind: 'source', source: await openFileSource(loader.path), tag: loader.digest }
}

/** A kernel, straight out of its release. */
export async function sendKernel({ releases }: BootServices, _: HttpRequest, groups: Groups): Promise<HttpAnswer> {
  const [digest = '', version = ''] = groups
  return orNotFound(async () => {
    const source = await releases.kernel(digest, version)
    return { kind: 'source', source, tag: `${digest}-${version}`, immutable: true }
  })
}

/** The initramfs that a release brings itself. */
export async function sendOwnInitramfs(
  { releases }: BootServices,
  _: HttpRequest,
  groups: Groups,
): Promise<HttpAnswer> {
  const [digest = '', version = ''] = groups
  return orNotFound(async () => {
    const { tree } = await releases.get(digest)
    const source = await tree.open(await findOwnInitramfs(tree, version))
    return { kind: 'source', source, tag: `${digest}-${version}-initramfs`, immutable: true }
  })
}

/** A part of an initramfs out of the cache. */
export async function sendPart({ parts }: BootServices, _: HttpRequest, groups: Groups): Promise<HttpAnswer> {
  const [file = '', digest = ''] = groups
  try {
    return { kind: 'source', source: await openFileSource(join(parts.directory, file)), tag: digest, immutable: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    parts.forgetAll() // somebody emptied the cache: the next script has it made again
    return textAnswer(`There is no initramfs part ${file}; the machine must begin its boot again`, 404)
  }
}

/** The client part of a boot, made now, of the release and kernel that its script named. */
export async function sendClientPart(services: BootServices, _: HttpRequest, groups: Groups): Promise<HttpAnswer> {
  const [id = '', release = '', kernel = ''] = groups
  const boot = services.story.get(id)
  if (boot === undefined) return textAnswer(`There is no boot ${id}`, 404)
  return orNotFound(async () => {
    const prepared = await services.plans.prepare(boot, {
      pinned: { release, kernel },
      chosen: services.story.chosen(boot.id),
    })
    if (prepared === undefined) return textAnswer(`${boot.machine.mac} is not served`, 404)
    const { NETROOT_SSH: ssh } = prepared.plan.variables
    const keys = ssh === undefined || services.keys === '' ? new Uint8Array() : authorizedKeysPart(services.keys)
    return { kind: 'bytes', bytes: Buffer.concat([clientPart(prepared.plan), keys]) }
  })
}

async function orNotFound(answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await answer()
  } catch (error) {
    if (error instanceof StoreError) return textAnswer(error.message, 404)
    throw error
  }
}
