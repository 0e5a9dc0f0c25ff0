import { execa } from 'execa';

const DEFAULT_PORT = 22;

/** The port that the user's ssh_config, or `configFile` in its place, says of an address. */
export async function configuredPort(address: string, configFile: string | undefined): Promise<number> {
  const file = configFile === undefined ? [] : ['-F', configFile];
  const { stdout } = await execa('ssh', [...file, '-G', '--', address], { reject: false });
  return Number(/^port (\d+)$/m.exec(stdout ?? '')?.[1] ?? DEFAULT_PORT);
}
