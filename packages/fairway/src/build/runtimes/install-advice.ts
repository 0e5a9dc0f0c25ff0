/** What to do about an install that failed. */
export function hint(lastLines: readonly string[]): string | undefined {
  const output = lastLines.join('\n');
  if (/EUSAGE|in sync|ERR_PNPM_OUTDATED_LOCKFILE|lockfile needs to be updated|YN0028/.test(output)) {
    return 'The lock file and package.json disagree: run the install on your machine, commit the lock file and push again.';
  }
  if (/\bE40[13]\b|\b40[13] (Unauthorized|Forbidden)/i.test(output)) {
    return 'The registry refused the control server: put its credentials into the .npmrc of the user that runs Fairway, or into NPM_TOKEN.';
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(output)) {
    return 'The registry cannot be reached from this machine: check its network and proxy settings.';
  }
  return undefined;
}

/** Since npm 12 and pnpm 10, packages' install scripts run only where they are allowed; the install itself succeeds. */
export function remark(lastLines: readonly string[]): string | undefined {
  const output = lastLines.join('\n');
  const missing =
    'did not run the install scripts of the packages above. Should the app miss a compiled module,';
  if (/install scripts blocked/.test(output)) {
    return `npm ${missing} put allow-scripts=PACKAGE into the .npmrc of the user that runs Fairway, or allowScripts into package.json.`;
  }
  if (/Ignored build scripts:/.test(output)) {
    return `pnpm ${missing} run "pnpm approve-builds" and commit what it changes.`;
  }
  return undefined;
}
