/** The machine or the HAProxy on it cannot be spoken to. Traffic may flow all the same. */
export class HaproxyUnreachable extends Error {
  override readonly name = 'HaproxyUnreachable';
  readonly code = 'balancer-unreachable';
  readonly node: string;
  readonly reason: string;
  constructor(node: string, reason: string, cause?: unknown) {
    super(
      `the balancer ${node} cannot be reached: ${reason}. Traffic may still flow; see whether the machine is up and ` +
        'HAProxy runs on it (systemctl status haproxy)',
      { cause },
    );
    this.node = node;
    this.reason = reason;
  }
}

/** HAProxy answered a command with anything but what it answers when all is well. */
export class HaproxyRefused extends Error {
  override readonly name = 'HaproxyRefused';
  readonly code = 'balancer-refused';
  constructor(node: string, command: string, answer: string) {
    super(`HAProxy on ${node} refused "${command}": ${answer.trim()}`);
  }
}

/** `haproxy -c` did not accept what was to be installed; the old files are untouched. */
export class ConfigurationInvalid extends Error {
  override readonly name = 'ConfigurationInvalid';
  readonly code = 'balancer-configuration-invalid';
  constructor(node: string, said: string) {
    super(`HAProxy on ${node} does not accept the new configuration, so the old one stays: ${said.trim()}`);
  }
}

/** The new configuration is in place, but HAProxy went on with the old one. */
export class ReloadFailed extends Error {
  override readonly name = 'ReloadFailed';
  readonly code = 'balancer-reload-failed';
  constructor(node: string, fact: string) {
    super(
      `HAProxy on ${node} was told to reload and ${fact}; it serves with the configuration from before. ` +
        'Its log tells why: journalctl -u haproxy',
    );
  }
}

/** Another controller wrote the registry since it was read here. */
export class RegistryMoved extends Error {
  override readonly name = 'RegistryMoved';
  readonly code = 'balancer-registry-moved';
  constructor(node: string) {
    super(`the registry on ${node} was changed by another controller`);
  }
}

/** Nobody on the balancer's machine would take a share back. What is said to HAProxy itself may work all the same. */
export class SwitchSilent extends Error {
  override readonly name = 'SwitchSilent';
  readonly code = 'balancer-switch-silent';
  constructor(node: string, reason: string, cause?: unknown) {
    super(
      `the dead man's switch on ${node} cannot be spoken to: ${reason}. Without it no canary gets a share there; see ` +
        'systemctl status fairway-switch on the machine, or install it with fairway provision',
      { cause },
    );
  }
}

/** What to go on with where a dead man's switch cannot be spoken to. */
export function unlessSilent<Value>(otherwise: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof SwitchSilent) return otherwise;
    throw error;
  };
}
