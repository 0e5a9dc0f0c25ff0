import { CreatedToken, routes, TokenList } from '../api.ts';
import type { ServerParts } from '../context.ts';
import { RequestRefused } from '../problems.ts';
import { type Api, guarded } from '../register.ts';
import { newSecret } from '../secrets.ts';

/** Who may enter. Each change leaves an audit entry. */
export function registerTokens(api: Api, parts: ServerParts): void {
  const { store } = parts;

  api.openapi(guarded(routes.tokens, parts), (context) =>
    context.json(TokenList.parse({ tokens: store.tokens() }), 200),
  );

  api.openapi(guarded(routes.createToken, parts), (context) => {
    const { name, role } = context.req.valid('json');
    const secret = newSecret();
    const token = store.addToken({ name, role, secret });
    store.audit({ by: context.get('by'), action: 'token.create', subject: `${name} (${role})`, why: '' });
    return context.json(CreatedToken.parse({ token, secret }), 201);
  });

  api.openapi(guarded(routes.removeToken, parts), (context) => {
    const { id } = context.req.valid('param');
    const token = store.tokens().find((each) => each.id === id);
    if (!token) {
      throw new RequestRefused(404, `There is no token with the id ${id}`, {
        code: 'unknown-token',
        hint: 'List them with: fairway token list',
      });
    }
    if (token.id === context.get('token').id) {
      throw new RequestRefused(409, 'A token cannot remove itself', {
        code: 'own-token',
        hint: 'Remove it with another admin token, so that nobody locks themselves out.',
      });
    }
    store.removeToken(id);
    store.audit({
      by: context.get('by'),
      action: 'token.remove',
      subject: `${token.name} (${token.role})`,
      why: '',
    });
    return context.body(null, 204);
  });
}
