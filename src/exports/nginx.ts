import type { ServerAddresses } from '../boot/server-addresses.ts'
import type { Export } from './drop-in.ts'

export interface NginxExport {
  /** Where machines find HTTP: nginx listens there. */
  readonly server: ServerAddresses
  /** Where netroot listens instead, such as `127.0.0.1:8080`. */
  readonly upstream: string
  /** netroot's store, whose parts nginx reads itself. */
  readonly store: string
}

/**
 * A file for /etc/nginx/conf.d. The parts of initramfs, which are most of the bytes, come from the disk; kernels are
 * fetched from netroot once and kept; what is made for one machine is passed on.
 */
export function nginxExport({ server, upstream, store }: NginxExport): Export {
  const parts = `${store}/cache/initramfs`
  const body = [
    `proxy_cache_path /var/cache/nginx-netroot levels=1:2 keys_zone=netroot:1m max_size=4g inactive=30d use_temp_path=off;`,
    '',
    'server {',
    `  listen ${server.address}:${server.httpPort};`,
    '  sendfile on;',
    '  access_log off;',
    '  client_max_body_size 4m;',
    '',
    '  location ~ "^/initramfs/(?:tools|drivers)/(?<part>[0-9a-f]+\\.cpio\\.\\w+)$" {',
    `    root ${parts};`,
    '    default_type application/octet-stream;',
    '    try_files /$part @netroot;',
    '  }',
    '',
    '  location /release/ {',
    '    proxy_cache netroot;',
    '    proxy_cache_valid 200 206 30d;',
    '    proxy_cache_lock on;',
    ...passOn(upstream),
    '  }',
    '',
    '  location / {',
    ...passOn(upstream),
    '  }',
    '',
    '  location @netroot {',
    ...passOn(upstream),
    '  }',
    '}',
    '',
  ].join('\n')
  return { daemon: 'nginx', comment: '#', body }
}

function passOn(upstream: string): string[] {
  return [
    `    proxy_pass http://${upstream};`,
    '    proxy_http_version 1.1;',
    '    proxy_set_header X-Forwarded-For $remote_addr;',
  ]
}
