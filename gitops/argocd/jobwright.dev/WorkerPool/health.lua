-- What Argo CD shows of a WorkerPool: as kstatus has it, but Degraded where pods do not start, as Argo CD has it for
-- pods themselves, and Suspended while its own or its queue's spec.paused holds.
local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has yet to look at this generation" }
end

local found = {}
for _, condition in ipairs(status.conditions) do
  found[condition.type] = condition
end
local function holds(name)
  return found[name] ~= nil and found[name].status == "True"
end
-- What the kubelet says of a container that does not start. Argo CD lends a check no functions for strings.
local fails = {
  CrashLoopBackOff = true,
  CreateContainerConfigError = true,
  CreateContainerError = true,
  ErrImageNeverPull = true,
  ErrImagePull = true,
  ImageInspectError = true,
  ImagePullBackOff = true,
  InvalidImageName = true,
  RunContainerError = true,
}

if holds("Stalled") then
  return { status = "Degraded", message = found.Stalled.reason .. ": " .. found.Stalled.message }
end
if holds("Reconciling") then
  local why = found.Reconciling
  return { status = fails[why.reason] and "Degraded" or "Progressing", message = why.reason .. ": " .. why.message }
end
if not holds("Ready") then
  return { status = "Progressing", message = "not ready yet" }
end
if found.Ready.reason == "Paused" or found.Ready.reason == "QueuePaused" then
  return { status = "Suspended", message = found.Ready.message }
end
return { status = "Healthy", message = found.Ready.message }
