/** Every route of the API: path, who may call, what is asked and answered. The handlers have the same parts. */
export * from './routes/alerts.ts';
export * from './routes/changing.ts';
export * from './routes/itself.ts';
export * from './routes/looking.ts';
export * from './routes/output.ts';
export * from './routes/tokens.ts';
