import { checkedName } from './quote.ts';

/** As `embedded/share.ts` counts: the same bucket for the same new user, and the same side for the same bucket. */
const BUCKETS = 10_000;
const STRIDE = 6181;
const COOKIE_MAX_AGE_S = 30 * 24 * 60 * 60;
/** What is logged in a second; above that, a random part of the good answers. */
const LOGGED_PER_SECOND = 1000;

/**
 * What every request meets. After a reload the worker before it still has connections that visitors keep open: it
 * hands what they ask next to its successor, which knows the present servers and share.
 */
export function renderFrontend(apps: readonly string[]): string {
  return `frontend fairway
  bind "\${FAIRWAY_BIND}"
  bind "unix@\${FAIRWAY_SUCCESSOR}.http" mode 666 accept-proxy name successor
.if defined(FAIRWAY_TLS_BIND)
  bind "\${FAIRWAY_TLS_BIND}" ssl crt "\${FAIRWAY_CERTIFICATES}" alpn h2,http/1.1
  bind "unix@\${FAIRWAY_SUCCESSOR}.https" mode 666 accept-proxy name successor-tls
.endif
  log ring@fairway len 512 local0
  log-format "%[var(txn.app)] %b %s %ST %[var(txn.took)]"

  acl superseded stopping
  acl secure ssl_fc
  acl secure so_name successor-tls
  acl trusted src -f "\${FAIRWAY_TRUSTED_PROXIES}"
.if defined(FAIRWAY_TLS_REDIRECT)
  http-request redirect scheme https code 308 if !superseded !secure
.endif

  http-request set-var(txn.began) date(0,us)
  http-request set-var(txn.host) req.hdr(host),host_only,lower,rtrim(.) if !superseded
  http-request set-var(txn.key) var(txn.host),map_str(hosts.map) if !superseded
  http-request set-var(txn.key) "var(txn.host),regsub(^[^.]*,),map_str(hosts.map)" if !superseded !{ var(txn.key) -m found }
  http-request set-var(txn.key) str(*) if !superseded !{ var(txn.key) -m found }
  http-request set-var-fmt(txn.target) "%[var(txn.key)]%[path]/" if !superseded
  http-request set-var(txn.app) var(txn.target),map_beg(routes.map) if !superseded
  http-request return status 404 content-type text/plain hdr cache-control no-store string "nothing is served under this address\\n" if !superseded !{ var(txn.app) -m found }

  http-request del-header Forwarded if !superseded !trusted
  http-request del-header X-Real-IP if !superseded !trusted
  http-request del-header X-Forwarded-For if !superseded !trusted
  http-request del-header X-Forwarded-Host if !superseded !trusted
  http-request del-header X-Forwarded-Port if !superseded !trusted
  http-request del-header X-Forwarded-Proto if !superseded !trusted
  http-request add-header X-Forwarded-For %[src] if !superseded
  http-request set-header X-Forwarded-Host %[req.hdr(host)] if !superseded !{ req.hdr(x-forwarded-host) -m found }
  http-request set-header X-Forwarded-Port %[dst_port] if !superseded !{ req.hdr(x-forwarded-port) -m found }
  http-request set-header X-Forwarded-Proto https if !superseded secure !{ req.hdr(x-forwarded-proto) -m found }
  http-request set-header X-Forwarded-Proto http if !superseded !secure !{ req.hdr(x-forwarded-proto) -m found }
  http-request del-header Keep-Alive
  http-request del-header Proxy-Connection
  http-request disable-l7-retry if !{ method GET HEAD OPTIONS }

  http-request set-var(txn.split) "var(txn.app),map_str_int(splits.map,0)" if !superseded
  http-request set-var(txn.split) int(0) if !superseded { var(txn.app),map_str(tripped.map) -m found }
  http-request set-var(txn.share) var(txn.split),div(${BUCKETS})
  http-request set-var(txn.offset) var(txn.split),mod(${BUCKETS})
  acl splits var(txn.share) -m int gt 0
  acl placed var(txn.bucket) -m found
  acl new_user var(txn.new_bucket) -m found
${apps.map(cookieRule).join('')}  http-request set-var(txn.bucket) var(txn.cookie) if splits { var(txn.cookie) -m reg '^(0|[1-9][0-9]{0,3})$' }
  http-request track-sc0 var(txn.app) table fairway:users if splits !placed
  http-request set-var(txn.new_bucket) "sc_inc_gpc0(0,fairway:users),sub(1),mul(${STRIDE}),mod(${BUCKETS})" if splits !placed
  http-request set-var(txn.bucket) var(txn.new_bucket) if new_user
  http-request set-var(txn.place) var(txn.bucket),add(txn.offset),mod(${BUCKETS}),sub(txn.share) if splits
  acl on_canary var(txn.place) -m int lt 0

  http-response set-var(txn.took) date(0,us),sub(txn.began)
  acl busy fe_req_rate gt ${LOGGED_PER_SECOND}
  http-response set-var(txn.rate) fe_req_rate if busy
  http-response set-var(txn.dice) rand(1000),mul(txn.rate),div(1000) if busy
  http-response set-log-level silent if busy { var(txn.dice) -m int ge ${LOGGED_PER_SECOND} } { status lt 500 }
  http-response add-header Set-Cookie "fairway-bucket-%[var(txn.app)]=%[var(txn.new_bucket)]; Path=/; Max-Age=${COOKIE_MAX_AGE_S}; HttpOnly; SameSite=Lax; Secure" if new_user secure
  http-response add-header Set-Cookie "fairway-bucket-%[var(txn.app)]=%[var(txn.new_bucket)]; Path=/; Max-Age=${COOKIE_MAX_AGE_S}; HttpOnly; SameSite=Lax" if new_user !secure

  use_backend fairway:successor-tls if superseded secure
  use_backend fairway:successor if superseded
  use_backend %[var(txn.app)]:canary if splits on_canary
  use_backend %[var(txn.app)]:unchecked if { var(txn.app),nbsrv eq 0 }
  use_backend %[var(txn.app)]

backend fairway:successor
  timeout server 24h
  server successor "unix@\${FAIRWAY_SUCCESSOR_SEEN}.http" send-proxy-v2

backend fairway:successor-tls
  timeout server 24h
  server successor "unix@\${FAIRWAY_SUCCESSOR_SEEN}.https" send-proxy-v2

backend fairway:users
  stick-table type string len 64 size 10k expire 24h store gpc0
`;
}

function cookieRule(app: string): string {
  const name = checkedName(app);
  return `  http-request set-var(txn.cookie) req.cook(fairway-bucket-${name}) if splits { var(txn.app) -m str ${name} }\n`;
}
