export { ensureSupervisor, SupervisorNotStarted, type SupervisorPlace } from './ensure-supervisor.ts';
export { LocalHosts } from './local-hosts.ts';
export type { BalancerRequest, BalancerStatus, SupervisorStatus } from './supervisor/protocol.ts';
export { SupervisorClient, SupervisorRefusal } from './supervisor-client.ts';
