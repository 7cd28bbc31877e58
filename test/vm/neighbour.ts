import type { LabProcess } from '../../src/lab/lab-process.ts'
import type { Lab } from '../../src/lab/lab.ts'

/** Where a card of a neighbour is plugged in, and the address that it has there, with its prefix length. */
export interface NeighbourCard {
  readonly bridge: string
  readonly address: string
  /** Its name there; else eth0, eth1 and so on. */
  readonly name?: string
}

/** Another computer on the networks of a lab: a router, or the host of another server. It forwards packets. */
export class Neighbour {
  readonly #lab: Lab
  readonly #name: string
  readonly #card: string

  /** Plugs it in. */
  static async plugIn(lab: Lab, name: string, cards: readonly NeighbourCard[]): Promise<Neighbour> {
    const { stdout } = await lab.run('stat', ['-f', '-c', '%T', '/run/netns']).catch(() => ({ stdout: '' }))
    // else `ip netns` would leave its names on the host
    if (stdout.trim() !== 'tmpfs') await lab.run('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
    await lab.run('ip', ['netns', 'add', name])
    const neighbour = new Neighbour(lab, name, cards[0]?.name ?? 'eth0')
    for (const [index, { bridge, address, name: inside = `eth${index}` }] of cards.entries()) {
      const outside = `${name}${index}`
      await lab.run('ip', ['link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name])
      await lab.run('ip', ['link', 'set', outside, 'master', bridge, 'up'])
      await neighbour.run('ip', ['addr', 'add', address, 'dev', inside])
      await neighbour.run('ip', ['link', 'set', inside, 'up'])
    }
    await neighbour.run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1'])
    return neighbour
  }

  private constructor(lab: Lab, name: string, card: string) {
    this.#card = card
    this.#lab = lab
    this.#name = name
  }

  /** Runs a program there to its end, with status 0. */
  async run(command: string, args: readonly string[]): Promise<void> {
    await this.#lab.run('ip', ['netns', 'exec', this.#name, command, ...args])
  }
  spawn(command: string, args: readonly string[]): LabProcess {
    return this.#lab.spawn('ip', ['netns', 'exec', this.#name, command, ...args])
  }
  /** The words before a command that runs there as on a host of its own: with that host's name, and on another kernel. */
  get host(): readonly string[] {
    const own =
      'hostname "$1"; cat /proc/sys/kernel/random/uuid > "$2"; mount --bind "$2" /proc/sys/kernel/random/boot_id'
    const script = `${own}; shift 2; exec "$@"`
    const bootId = `${this.#lab.directory}/${this.#name}.boot-id`
    return [
      'ip',
      'netns',
      'exec',
      this.#name,
      'unshare',
      '--uts',
      '--mount',
      'sh',
      '-c',
      script,
      'sh',
      this.#name,
      bootId,
    ]
  }
  /** Pulls the cable of a card, or plugs it in. */
  async setLink(card: number, up: boolean): Promise<void> {
    await this.#lab.run('ip', ['link', 'set', `${this.#name}${card}`, up ? 'up' : 'down'])
  }
  /** Takes an address, and tells it to those who know another computer by it, as keepalived does; at its first card. */
  async takeAddress(address: string): Promise<void> {
    await this.run('ip', ['address', 'add', address, 'dev', this.#card])
    await this.run('busybox', ['arping', '-U', '-c', '2', '-I', this.#card, address.split('/')[0] ?? ''])
  }

  /** dnsmasq there as a DHCP server that knows nothing of netroot. @param range `10.77.0.50,10.77.0.60` */
  async dnsmasq(range: string): Promise<LabProcess> {
    const options = ['--no-daemon', '--port=0', '--leasefile-ro', '--conf-file=/dev/null', '--user=root', '--log-dhcp']
    const dnsmasq = this.spawn('dnsmasq', [...options, `--dhcp-range=${range}`])
    await dnsmasq.stderr.waitFor(/DHCP, IP range/)
    return dnsmasq
  }
}
