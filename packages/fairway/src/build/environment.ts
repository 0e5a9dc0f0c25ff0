import { homedir } from 'node:os';
import { join } from 'node:path';
import { gitEnvironment } from '../git/environment.ts';
import type { RegistryCredentials } from './credentials.ts';
import { BUILD_MARK } from './process-group.ts';

/**
 * What a build may see of the control server's environment: how to reach the network and its language. Everything
 * else would make the release depend on who started the server.
 */
const PASSED =
  /^(PATH|LANG|LC_\w+|TZ|TMPDIR|USER|LOGNAME|SSH_AUTH_SOCK|(https?|no|all|ftp)_proxy|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|NPM_CONFIG_\w+|npm_config_(registry|\/\/.+|@.+)|COREPACK_\w+|JAVA_HOME|MAVEN_\w+|GIT_.+)$/;
const PASSED_UPPER = /^(HTTPS?|NO|ALL|FTP)_PROXY$/;

/** The environment of every step of a build. `mark` names the build, so that its processes can be found. */
export function buildEnvironment(
  cache: string,
  mark: string,
  credentials: RegistryCredentials,
  base: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && (PASSED.test(name) || PASSED_UPPER.test(name))) passed[name] = value;
  }
  return {
    ...gitEnvironment({}, passed),
    // Git keeps the user's settings (how to reach private repositories), everything else gets a home of its own.
    GIT_CONFIG_GLOBAL: base.GIT_CONFIG_GLOBAL ?? join(base.HOME ?? homedir(), '.gitconfig'),
    HOME: join(cache, 'home'),
    CI: 'true',
    NO_COLOR: '1',
    npm_config_userconfig: credentials.userConfig,
    npm_config_cache: join(cache, 'npm'),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_progress: 'false',
    npm_config_update_notifier: 'false',
    YARN_CACHE_FOLDER: join(cache, 'yarn'),
    // Plug'n'Play would leave the packages outside of the release.
    YARN_NODE_LINKER: 'node-modules',
    ...credentials.environment,
    [BUILD_MARK]: mark,
  };
}
