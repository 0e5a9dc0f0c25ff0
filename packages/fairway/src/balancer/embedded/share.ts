/** Buckets on the ring; a share is a number of them, which makes a basis point one bucket. */
const BUCKETS = 10_000;
/** Coprime to the ring, so 10,000 new users fill each bucket once, and any run of them is spread evenly. */
const STRIDE = 6181;
const COOKIE_MAX_AGE_S = 30 * 24 * 60 * 60;

/** Gives each new user the next bucket. Counting instead of drawing lots makes a share of 5 % exactly 5 %. */
export class NewUsers {
  count = 0;

  next(): number {
    const bucket = (this.count * STRIDE) % BUCKETS;
    this.count = (this.count + 1) % BUCKETS;
    return bucket;
  }
}

export function isOnCanary(bucket: number, share: { basisPoints: number; offset: number }): boolean {
  return (bucket + share.offset) % BUCKETS < share.basisPoints;
}

/** The bucket that a user brought along; undefined for a new user, and for anything that is not a bucket. */
export function readBucket(cookies: string | undefined, app: string): number | undefined {
  if (cookies === undefined) return undefined;
  const name = `${cookieName(app)}=`;
  for (const pair of cookies.split(';')) {
    const text = pair.trimStart();
    if (!text.startsWith(name)) continue;
    const value = text.slice(name.length).trimEnd();
    return /^(0|[1-9]\d{0,3})$/.test(value) ? Number(value) : undefined;
  }
  return undefined;
}

/** The cookie holds the bucket, never the version: so a changed share moves users one way only, and 0 takes all back. */
export function bucketCookie(app: string, bucket: number): string {
  return `${cookieName(app)}=${bucket}; Path=/; Max-Age=${COOKIE_MAX_AGE_S}; HttpOnly; SameSite=Lax`;
}

function cookieName(app: string): string {
  return `fairway-bucket-${app}`;
}
