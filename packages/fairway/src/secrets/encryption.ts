import { armor, Decrypter, Encrypter } from 'age-encryption';

const ARMORED = '-----BEGIN AGE ENCRYPTED FILE-----';

/** As text, so that git shows it as such. `recipients`: public keys, `age1…`. */
export async function encrypt(value: string, recipients: readonly string[]): Promise<string> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(value));
}

/** Reads what {@link encrypt} or the command line tool wrote, armored or not. */
export async function decrypt(encrypted: Buffer, identity: string): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const text = encrypted.toString('latin1');
  return decrypter.decrypt(text.trimStart().startsWith(ARMORED) ? armor.decode(text) : encrypted);
}
