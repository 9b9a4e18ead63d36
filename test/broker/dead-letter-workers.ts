/**
 * What `rabbitmqctl eval` is told so that a process which moves on what was delayed or dead-lettered, one for each queue, ends alone
 * if it crashes. RabbitMQ starts it anew: where its queue was deleted just as it began, a hundred times within a tenth of a second
 * (3.10: twice is enough). Then it gives up: no delay ends and no queue is made any more, and those that are being made have no leader
 * for ever (https://github.com/rabbitmq/rabbitmq-server/issues/16652). Tests make and delete queues by the thousand, on a busy machine
 * that came to pass, and every test after it failed.
 *
 * The supervisor's children are all as its fourth field says, and how they are restarted is the fifth of theirs.
 */
export const deadLetterWorkersEndAlone = `
  sys:replace_state(rabbit_fifo_dlx_sup, fun(Supervisor) ->
    {Ids, Children} = element(4, Supervisor),
    Alone = maps:map(fun(_Id, Child) -> setelement(5, Child, temporary) end, Children),
    setelement(4, Supervisor, {Ids, Alone})
  end), ok.`;
