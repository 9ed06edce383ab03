#include "collectors/parse.h"
#include "collectors/collector.h"
#include "collectors/observe.h"
#include <gtest/gtest.h>
#include <iostream>
using namespace headroom;
TEST(X,Y){
  SystemClock c; CgroupLayout l; l.mounts=*FindCgroupMounts(); l.root=getenv("R")?getenv("R"):"none";
  auto k=MakeCollector(l,c); k->Track({"a"}); auto m=k->Measure(); 
  for(auto&f:m.failures) std::cout<<f.collector<<": "<<f.message<<"\n";
  usleep(100000); auto n=k->Measure();
  auto v=ViewHost(&m,n,{});
  std::cout<<n.host.pids.value_or(-1)<<" "<<n.capacity.memory_limited_by<<" "<<n.capacity.memory_bytes.value_or(-1)<<" "<<n.attempts.size()<<"\n";
  if(v) std::cout<<v->unmanaged.memory_bytes<<" "<<v->unmanaged.cpu_millis<<" "<<v->unmanaged.pids<<"\n";
  for (auto&[a,s]:n.attempts) std::cout<<a<<" "<<s.cgroup_id<<" "<<ObservedMemory(s.memory).value_or(-1)<<"\n";
}
