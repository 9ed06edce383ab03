#include "cli/doctor_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "base/version.h"

namespace headroom::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A host on which nothing is missing.
HostFacts AGoodHost() {
  HostFacts host;
  host.kernel_release = "6.1.0-18-amd64";
  host.mounts = CgroupMounts{CgroupMode::kUnified, "/sys/fs/cgroup", {}, {}, {}, {}};
  host.controllers = {"cpuset", "cpu", "io", "memory", "pids"};
  host.cgroup = {"/sys/fs/cgroup", std::nullopt, true, true, true, true};
  host.pressure = {{"cpu", std::nullopt}, {"io", std::nullopt}, {"memory", std::nullopt}};
  host.triggers = TriggerSupport::kAnyWindow;
  host.clone3_errno = EINVAL;
  host.memory_total = 64LL << 30;
  host.swap_total = 0;
  host.state_dir = {"/var/lib/headroom", true,      "/var/lib/headroom",
                    std::nullopt,        0xef53ULL, 100LL << 30};
  host.daemon = {"/run/headroom/headroom.sock", kVersion, {}, {}};
  host.policy = {"/etc/headroom/policy.json", true, {}, "headroom", true};
  host.shim = "/usr/lib/headroom/headroom-shim";
  return host;
}

Check Find(const HostFacts& host, const std::string& name) {
  for (const Check& check : Judge(host)) {
    if (check.name == name) return check;
  }
  ADD_FAILURE() << "no check " << name;
  return {};
}

Error Denied() { return FailErrno(EACCES, "make the cgroup /sys/fs/cgroup/x").value(); }

TEST(Doctor, FindsNothingMissingOnAGoodHost) {
  for (const Check& check : Judge(AGoodHost())) {
    EXPECT_EQ(check.state, CheckState::kOk) << check.name << ": " << check.found;
    EXPECT_THAT(check.advice, IsEmpty()) << check.name;
    EXPECT_FALSE(check.found.empty()) << check.name;
  }
  EXPECT_TRUE(AllThere(Judge(AGoodHost())));
}

TEST(Doctor, AsksForAKernelThatCanKillACgroup) {
  HostFacts host = AGoodHost();
  host.kernel_release = "5.10.0-28-amd64";
  EXPECT_EQ(Find(host, "kernel").state, CheckState::kMissing);
  host.kernel_release = "5.15.0-91-generic";
  EXPECT_EQ(Find(host, "kernel").state, CheckState::kWeaker);
  host.kernel_release = "10.0";
  EXPECT_EQ(Find(host, "kernel").state, CheckState::kOk);
  host.kernel_release = "";
  EXPECT_EQ(Find(host, "kernel").state, CheckState::kMissing);
}

TEST(Doctor, CallsAHybridHostWeakerButNotMissing) {  // F12
  HostFacts host = AGoodHost();
  host.mounts = CgroupMounts{CgroupMode::kHybrid, "/sys/fs/cgroup/unified", "/m", "/c", "/a", "/p"};
  EXPECT_EQ(Find(host, "cgroups").state, CheckState::kWeaker);
  EXPECT_EQ(Find(host, "controllers").state, CheckState::kOk);
  EXPECT_TRUE(AllThere(Judge(host)));
}

TEST(Doctor, SaysWhatToChangeWhereNeitherModeIsUsable) {  // F12
  HostFacts host = AGoodHost();
  host.mounts = Fail(ErrorCode::kUnsupported, "cgroup mounts found: none");
  EXPECT_EQ(Find(host, "cgroups").state, CheckState::kMissing);
  EXPECT_THAT(Find(host, "cgroups").advice, HasSubstr("unified_cgroup_hierarchy=1"));
}

TEST(Doctor, NamesTheControllersThatAreNotDelegated) {  // F14
  HostFacts host = AGoodHost();
  host.controllers = {"cpu"};
  EXPECT_EQ(Find(host, "controllers").state, CheckState::kMissing);
  EXPECT_THAT(Find(host, "controllers").found, HasSubstr("missing: memory pids"));
}

TEST(Doctor, FindsAReadOnlyCgroupTree) {  // F14
  HostFacts host = AGoodHost();
  host.cgroup = {};
  host.cgroup.error = FailErrno(EROFS, "make the cgroup /sys/fs/cgroup/x").value();
  EXPECT_EQ(Find(host, "delegation").state, CheckState::kMissing);
  EXPECT_THAT(Find(host, "delegation").advice, HasSubstr("read-write"));
}

TEST(Doctor, DoesNotCallMissingWhatOnlyRootMayTry) {
  HostFacts host = AGoodHost();
  host.uid = 1000;
  host.cgroup = {};
  host.cgroup.error = Denied();
  host.state_dir.access = Denied();
  for (const char* name : {"delegation", "kill", "state directory", "user"})
    EXPECT_EQ(Find(host, name).state, CheckState::kUnknown) << name;
  EXPECT_TRUE(AllThere(Judge(host)));
  host.uid = 0;
  EXPECT_EQ(Find(host, "delegation").state, CheckState::kMissing);
}

TEST(Doctor, SaysHowToTurnPressureOn) {  // F13
  HostFacts host = AGoodHost();
  host.pressure["memory"] = FailErrno(EOPNOTSUPP, "read /proc/pressure/memory").value();
  EXPECT_EQ(Find(host, "pressure").state, CheckState::kWeaker);
  EXPECT_THAT(Find(host, "pressure").advice, HasSubstr("psi=1"));
  EXPECT_TRUE(AllThere(Judge(host)));
}

TEST(Doctor, FindsCgroupsWithoutPressure) {
  HostFacts host = AGoodHost();
  host.cgroup.has_pressure = false;
  EXPECT_EQ(Find(host, "pressure").state, CheckState::kWeaker);
}

TEST(Doctor, KnowsTheTwoKindsOfTriggers) {
  HostFacts host = AGoodHost();
  host.triggers = TriggerSupport::kTwoSecondWindows;
  EXPECT_THAT(Find(host, "pressure triggers").advice, HasSubstr("CAP_SYS_RESOURCE"));
  host.triggers = TriggerSupport::kNone;
  EXPECT_EQ(Find(host, "pressure triggers").state, CheckState::kWeaker);
}

TEST(Doctor, FindsAKernelThatCannotKillACgroup) {
  HostFacts host = AGoodHost();
  host.cgroup.has_kill = false;
  EXPECT_EQ(Find(host, "kill").state, CheckState::kMissing);
}

TEST(Doctor, FindsClone3Filtered) {
  HostFacts host = AGoodHost();
  host.clone3_errno = ENOSYS;
  EXPECT_EQ(Find(host, "clone3").state, CheckState::kWeaker);
}

TEST(Doctor, FindsSwapThatJobsCannotBeKeptFrom) {
  HostFacts host = AGoodHost();
  host.swap_total = 8LL << 30;
  EXPECT_EQ(Find(host, "memory").state, CheckState::kOk);
  host.cgroup.limits_swap = false;
  EXPECT_EQ(Find(host, "memory").state, CheckState::kWeaker);
  EXPECT_THAT(Find(host, "memory").advice, HasSubstr("swapaccount=1"));
}

TEST(Doctor, JudgesWhereTheStateLives) {
  HostFacts host = AGoodHost();
  host.state_dir.filesystem = 0x6969;  // nfs
  EXPECT_EQ(Find(host, "state directory").state, CheckState::kMissing);
  host.state_dir.filesystem = 0x01021994;  // tmpfs
  EXPECT_EQ(Find(host, "state directory").state, CheckState::kWeaker);
  host.state_dir.filesystem = 0x12345;
  EXPECT_EQ(Find(host, "state directory").state, CheckState::kOk);
}

TEST(Doctor, FindsAFullDisk) {  // F7
  HostFacts host = AGoodHost();
  host.state_dir.free_bytes = 500LL << 20;
  EXPECT_EQ(Find(host, "state directory").state, CheckState::kWeaker);
  host.state_dir.free_bytes = 1 << 20;
  EXPECT_EQ(Find(host, "state directory").state, CheckState::kMissing);
}

TEST(Doctor, FindsABadPolicyAndTakesAnAbsentOneForTheDefaults) {
  HostFacts host = AGoodHost();
  host.policy.problems = {{"/tick", "expected a duration"}, {"/x", "unknown key"}};
  EXPECT_EQ(Find(host, "policy").state, CheckState::kMissing);
  EXPECT_THAT(Find(host, "policy").found, HasSubstr("2 problems; the first: /tick"));
  host.policy = {"/etc/headroom/policy.json", false, {}, "headroom", false};
  EXPECT_EQ(Find(host, "policy").state, CheckState::kOk);
  EXPECT_THAT(Find(host, "admin group").advice, HasSubstr("groupadd --system headroom"));
}

TEST(Doctor, FindsAMissingShim) {
  HostFacts host = AGoodHost();
  host.shim_access = FailErrno(ENOENT, "run /x/headroom-shim").value();
  EXPECT_EQ(Find(host, "shim").state, CheckState::kMissing);
}

TEST(Doctor, TellsAnAbsentAnOldAndAnUnreadyDaemonApart) {
  HostFacts host = AGoodHost();
  host.daemon.version = "0.0.1";
  EXPECT_EQ(Find(host, "daemon").state, CheckState::kWeaker);
  host.daemon.not_ready = {"no measurement yet"};
  EXPECT_EQ(Find(host, "daemon").state, CheckState::kMissing);
  EXPECT_THAT(Find(host, "daemon").found, HasSubstr("no measurement yet"));
  host.daemon = {"/s", {}, "no daemon answers on /s", {}};
  EXPECT_EQ(Find(host, "daemon").found, "no daemon answers on /s");
}

TEST(Doctor, GivesAdviceForEverythingThatIsNotThere) {
  HostFacts nothing;
  nothing.daemon.failure = "no daemon answers";
  nothing.shim_access = FailErrno(ENOENT, "run x").value();
  for (const Check& check : Judge(nothing)) {
    if (check.name == "controllers" || check.name == "delegation" || check.name == "kill") continue;
    EXPECT_TRUE(check.state == CheckState::kOk || !check.advice.empty()) << check.name;
  }
  EXPECT_FALSE(AllThere(Judge(nothing)));
}

TEST(ChecksText, EscapesWhatItFound) {  // F41
  EXPECT_EQ(ChecksText({{"policy", CheckState::kMissing, "a\x1b", "do b"}}, {}),
            "missing  policy             a\\x1b\n"
            "                            do b\n");
}

}  // namespace
}  // namespace headroom::cli
