import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** HAProxy takes only IP addresses at run time. */
export async function resolveAddress(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const { address } = await lookup(host).catch((error: Error) => {
    throw new Error(
      `the balancer needs the IP address of ${host}, and its name cannot be resolved: ${error.message}`,
      {
        cause: error,
      },
    );
  });
  return address;
}
