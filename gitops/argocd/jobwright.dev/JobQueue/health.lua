-- What Argo CD shows of a JobQueue: as kstatus has it, and Suspended while spec.paused keeps workers from taking jobs.
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

if holds("Stalled") then
  return { status = "Degraded", message = found.Stalled.reason .. ": " .. found.Stalled.message }
end
if holds("Reconciling") then
  return { status = "Progressing", message = found.Reconciling.reason .. ": " .. found.Reconciling.message }
end
if not holds("Ready") then
  return { status = "Progressing", message = "not ready yet" }
end
if holds("Paused") then
  return { status = "Suspended", message = found.Paused.message }
end
return { status = "Healthy", message = found.Ready.message }
