import type { Check } from '../check.ts';
import { certificates } from './certificates.ts';
import { clock } from './clock.ts';
import { disk } from './disk.ts';
import { instancePorts } from './instance-ports.ts';
import { keyFile } from './key-file.ts';
import { lastProvision } from './last-provision.ts';
import { reach } from './reach.ts';
import { stateDirectory } from './state-directory.ts';
import { sudo } from './sudo.ts';
import { versions } from './versions.ts';
import { visitors } from './visitors.ts';

/** In the order in which they are told. */
export const EVERY_CHECK: readonly Check[] = [
  sudo,
  versions,
  disk,
  clock,
  instancePorts,
  reach,
  visitors,
  certificates,
  stateDirectory,
  keyFile,
  lastProvision,
];
