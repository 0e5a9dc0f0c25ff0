import type { ListenAddress } from '../config/production.ts';

/** Whether only programs of the same machine can reach the address. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/** What a client of the same machine uses; for "every address" that is the loopback one. */
export function urlOf({ address, port }: ListenAddress): string {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return `http://${bracketed(host)}:${port}`;
}

/** Host headers, without port, under which a server on loopback is known. */
export function loopbackNames(address: string): ReadonlySet<string> {
  return new Set(['localhost', '127.0.0.1', '[::1]', bracketed(address)]);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
