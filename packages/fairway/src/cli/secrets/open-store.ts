import type { Context } from '../context.ts';
import { type SecretsAtHand, shownPath } from './place.ts';

/** Makes the store usable if it is not, and says what then has to be kept safe. False when it was usable. */
export async function openStore(context: Context, { store, keyFile }: SecretsAtHand): Promise<boolean> {
  if (store.recipients().length > 0) return false;
  const { isNew } = await store.open(keyFile, context.surroundings.now());
  context.note(
    isNew ? `Made a key: ${keyFile}` : `Took the key that is there: ${keyFile}`,
    'Back it up where only you can read it: without it the secrets can never be opened again, and with it they all can.',
    'The control server needs it too, at the same place or where FAIRWAY_KEY_FILE says. It is never to be committed.',
    `Its public half is in ${shownPath(context, store.recipientsFile)}, to be committed: with it anyone can set a secret.`,
  );
  return true;
}
